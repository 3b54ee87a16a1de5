import { mayStillRun, missed } from '../../src/domain/slots';

describe('a slot that was missed', () => {
  const slot = { at: 1_000, graceUntil: 3_600_000 };
  test.each([
    ['before its time nothing leaves', 999, false, false],
    ['at its time it leaves', 1_000, true, false],
    ['back at the last moment of its grace it still leaves tonight', 3_600_000, true, false],
    ['a moment later it is missed and moves to the next night', 3_600_001, false, true],
  ])('%s', (_name, now, runs, gone) => {
    expect([mayStillRun(slot, now), missed(slot, now)]).toEqual([runs, gone]);
  });
});

import { decisionEventId, eventId } from '../../src/domain/ids';

test('two runs that began in the same minute never write over each other: neither loses an event of its record', () => {
  // As Temporal names runs: the first half is the time, the second is chance.
  const runs = ['01a1fc54-ac97-7170-991a-888cce8dbde1', '01a1fc54-ac97-7171-8f30-8306cf25a650'];
  const ids = runs.map((run) => eventId('env/shop/prod', run, 7));
  expect(new Set(ids).size).toBe(2);
  expect(eventId('env/shop/prod', runs[0] ?? '', 7)).toBe(ids[0]);
});

test('a decision is one event whatever its place: a task done again in another order loses and doubles no approval', () => {
  const recorded = (order: readonly string[]) => new Set(order.map((id) => decisionEventId('bug/shop/7', id)));
  expect(recorded(['ann', 'bo'])).toEqual(recorded(['bo', 'ann', 'bo']));
});

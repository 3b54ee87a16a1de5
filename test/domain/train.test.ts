import fc from 'fast-check';
import type { DeployRequest, EnvironmentState, RequestKind } from '../../src/domain/environment';
import { boards, chooseDeparture, slotMissed } from '../../src/domain/train';

const SLOT = { kind: 'T2' as const, key: 'shop/T2/2026-11-30/22:00:00', at: 2_000, cutoffAt: 1_900, graceUntil: 5_000 };
const request = (id: string, kind: RequestKind, at = 1_000): DeployRequest => ({
  id,
  kind,
  slot: kind === 'slot' ? 'T2' : null,
  passenger: null,
  at,
  told: null,
  label: null,
  announced: true,
  replyTo: `bug/shop/${id}`,
});
type Queue = Parameters<typeof chooseDeparture>[0];
const state = (changes: Partial<Queue>): Queue => ({
  queue: [],
  current: null,
  slot: SLOT,
  departedSlots: [],
  holds: [],
  unknown: null,
  ...changes,
});
const hold = { by: 'ann', reason: 'payday', at: 1 };
const ids = (requests: readonly DeployRequest[]): readonly string[] => requests.map(({ id }) => id);

describe('who leaves', () => {
  test('rollback before hotfix before immediate before slot, one kind at a time', () => {
    let queue = [
      request('s', 'slot'),
      request('i', 'immediate'),
      request('h', 'hotfix'),
      request('r1', 'rollback'),
      request('r2', 'rollback'),
    ];
    const order: (readonly string[])[] = [];
    while (queue.length > 0) {
      const departure = chooseDeparture(state({ queue }), 'together', 2_000);
      if (departure.act !== 'leave') throw new Error(`stuck: ${departure.act}`);
      order.push(ids(departure.requests));
      queue = queue.filter((waiting) => !departure.requests.includes(waiting));
    }
    expect(order).toEqual([['r1'], ['r2'], ['h'], ['i'], ['s']]);
  });

  test('fixes approved for one night leave as one train, and the night is used up', () => {
    const queue = [request('7', 'slot'), request('8', 'slot', 1_899), request('9', 'slot', 1_900)];
    expect(chooseDeparture(state({ queue }), 'together', 2_000)).toMatchObject({
      act: 'leave',
      requests: [{ id: '7' }, { id: '8' }],
      slotKey: SLOT.key,
    });
  });

  test('one by one, the night stays open for the next until the last has left', () => {
    const queue = [request('7', 'slot'), request('8', 'slot')];
    expect(chooseDeparture(state({ queue }), 'one-by-one', 2_000)).toMatchObject({
      requests: [{ id: '7' }],
      slotKey: null,
    });
    expect(chooseDeparture(state({ queue: queue.slice(1) }), 'one-by-one', 2_500)).toMatchObject({
      requests: [{ id: '8' }],
      slotKey: SLOT.key,
    });
  });

  test.each([
    ['one millisecond before the cutoff', 1_899, true],
    ['at the cutoff', 1_900, false],
    ['one millisecond after the cutoff', 1_901, false],
  ])('a request made %s boards tonight: %s', (_name, at, expected) => {
    expect(boards(request('7', 'slot', at), SLOT)).toBe(expected);
  });

  test.each([
    [
      'before the slot it waits for its instant',
      { queue: [request('7', 'slot')] },
      1_999,
      { act: 'wait', until: 2_000 },
    ],
    ['within the grace a missed slot still runs', { queue: [request('7', 'slot')] }, 5_000, { act: 'leave' }],
    [
      'after the grace the next night is asked for',
      { queue: [request('7', 'slot')] },
      5_001,
      { act: 'plan', after: 5_001 },
    ],
    [
      'a late request asks for the night after',
      { queue: [request('7', 'slot', 1_950)] },
      1_960,
      { act: 'plan', after: 1_950 },
    ],
    [
      'a night that departed never departs again',
      { queue: [request('7', 'slot')], departedSlots: [SLOT.key] },
      2_100,
      { act: 'plan' },
    ],
    [
      'without a planned slot one is asked for',
      { queue: [request('7', 'slot')], slot: null },
      2_100,
      { act: 'plan', slot: 'T2' },
    ],
    ['an empty queue does nothing', {}, 2_100, { act: 'nothing' }],
    [
      'a hold stops a hotfix',
      { queue: [request('7', 'hotfix')], holds: [hold] },
      2_100,
      { act: 'nothing', why: 'held by ann: payday' },
    ],
    [
      'a hold never stops a rollback',
      { queue: [request('7', 'hotfix'), request('r', 'rollback')], holds: [hold] },
      2_100,
      { act: 'leave', requests: [{ id: 'r' }] },
    ],
    [
      'an unknown state stops even a rollback',
      { queue: [request('r', 'rollback')], unknown: { deployment: 'd', reason: 'x', at: 1 } },
      2_100,
      { act: 'nothing' },
    ],
    [
      'a deployment under way stops all',
      {
        queue: [request('r', 'rollback')],
        current: { deployment: 'd', requests: [], startedAt: 1, fence: 1, slotKey: null, leaveUntil: null },
      },
      2_100,
      { act: 'nothing' },
    ],
  ])('%s', (_name, changes, now, expected) => {
    expect(chooseDeparture(state(changes), 'together', now)).toMatchObject(expected);
  });

  test('a freeze of one module leaves its fix behind and lets the others go', () => {
    const queue = [request('billing', 'slot'), request('cart', 'slot')];
    expect(chooseDeparture(state({ queue }), 'together', 2_000, ['billing'])).toMatchObject({
      requests: [{ id: 'cart' }],
    });
    expect(chooseDeparture(state({ queue }), 'together', 2_000, ['billing', 'cart'])).toMatchObject({ act: 'nothing' });
  });

  test('a slot counts as missed only when its grace is over and nothing left on it', () => {
    const missed = (departedSlots: string[], now: number) => slotMissed({ slot: SLOT, departedSlots }, now);
    expect([missed([], 5_000), missed([], 5_001), missed([SLOT.key], 5_001)]).toEqual([false, true, false]);
  });

  test('whatever waits: nothing early or late leaves on a slot, and nobody leaves past a hold but a rollback', () => {
    const anyRequest = fc
      .tuple(
        fc.uuid(),
        fc.constantFrom<RequestKind>('rollback', 'hotfix', 'immediate', 'slot'),
        fc.integer({ min: 0, max: 6_000 }),
      )
      .map(([id, kind, at]) => request(id, kind, at));
    const holds = fc.constantFrom<EnvironmentState['holds']>([], [hold]);
    fc.assert(
      fc.property(fc.array(anyRequest), holds, fc.integer({ min: 0, max: 7_000 }), (queue, held, now) => {
        const departure = chooseDeparture(state({ queue, holds: held }), 'together', now);
        if (departure.act !== 'leave') {
          const ready = queue.some(({ kind }) => kind === 'rollback' || (held.length === 0 && kind !== 'slot'));
          expect(ready).toBe(false);
          return;
        }
        expect(departure.requests.length).toBeGreaterThan(0);
        for (const leaving of departure.requests) {
          expect(queue).toContain(leaving);
          if (held.length > 0) expect(leaving.kind).toBe('rollback');
          if (leaving.kind !== 'slot') continue;
          expect(leaving.at).toBeLessThan(SLOT.cutoffAt);
          expect(now >= SLOT.at && now <= SLOT.graceUntil).toBe(true);
        }
      }),
    );
  });
});

import fc from 'fast-check';
import type { LedgerEvent } from '../../src/domain/events';
import { TidegateFailure } from '../../src/domain/failures';
import { inGroups } from '../../src/ledger/group';
import { openLedger } from '../../src/ledger/open-ledger';
import { postgresHome, reported } from './support';

/** One append: how many events it brings, whether the database refuses one of them, and how many turns it comes later. */
const appends = fc.array(fc.record({ size: fc.nat({ max: 300 }), refused: fc.boolean(), later: fc.nat({ max: 5 }) }), {
  minLength: 1,
  maxLength: 20,
});

test('however appends arrive together, each is written once and in order, and only what is refused fails', async () => {
  await fc.assert(
    fc.asyncProperty(appends, async (plan) => {
      const kept: string[] = [];
      let atOnce = 0;
      const append = inGroups(async (events) => {
        atOnce += 1;
        expect(atOnce).toBe(1);
        await Promise.resolve();
        atOnce -= 1;
        if (events.some(({ reason }) => reason === 'refused')) throw new TidegateFailure('Rejected', 'refused');
        kept.push(...events.map(({ id }) => id));
      });
      const batches = plan.map(({ size, refused }, number) =>
        Array.from({ length: size }, (_, index): LedgerEvent => {
          const reason = refused && index === 0 ? 'refused' : null;
          return { ...reported({ bug: '1' }), id: `${number}.${index}`, reason };
        }),
      );
      const ends = await Promise.allSettled(
        plan.map(async ({ later }, number) => {
          for (let turn = 0; turn < later; turn += 1) await Promise.resolve();
          await append(batches[number] ?? []);
        }),
      );
      const good = plan.map(({ size, refused }) => !(refused && size > 0));
      expect(ends.map(({ status }) => status === 'fulfilled')).toEqual(good);
      const expected = batches.filter((_, number) => good[number]).flatMap((events) => events.map(({ id }) => id));
      expect([...kept].sort()).toEqual([...expected].sort());
      for (const events of batches) {
        const mine = kept.filter((id) => events.some((event) => event.id === id));
        expect(mine.length === 0 || mine).toEqual(mine.length === 0 || events.map(({ id }) => id));
      }
    }),
    { numRuns: 60 },
  );
});

describe('on PostgreSQL', () => {
  const home = postgresHome();

  test('an event that the database refuses fails alone: what was grouped with it is in the record', async () => {
    const ledger = await openLedger(await home.newLocation());
    const outcomes = await Promise.allSettled([
      ledger.append([reported({ bug: '1' })]),
      ledger.append([reported({ bug: '2' })]),
      ledger.append([reported({ bug: '3', at: 0.5 })]),
      ledger.append([reported({ bug: '4' })]),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
    expect(outcomes[2]).toMatchObject({ reason: { kind: 'Rejected' } });
    expect((await ledger.eventsAfter(0, 10)).map(({ event }) => event.subject)).toEqual(['bug/1', 'bug/2', 'bug/4']);
    expect(await ledger.verify()).toBeNull();
    await ledger.close();
  });
});

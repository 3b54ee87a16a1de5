import fc from 'fast-check';
import type { LedgerEvent } from '../../src/domain/events';
import { openLedger } from '../../src/ledger/open-ledger';
import type { ChainProblem, Ledger } from '../../src/ports/ledger';
import {
  analysisStarted,
  configured,
  deploymentStarted,
  type LedgerHome,
  onBothDatabases,
  rejected,
  reported,
} from './support';

/** A chain of ten events, then what somebody with access to the database and no scruples does to it. */
async function afterTampering(home: LedgerHome, ...statements: readonly string[]): Promise<ChainProblem | null> {
  const location = await home.newLocation();
  const ledger = await openLedger(location);
  await ledger.append(Array.from({ length: 10 }, (_, index) => reported({ bug: String(index + 1) })));
  await ledger.close();
  await home.tamper(location, ...statements);
  const reopened = await openLedger(location);
  const found = await reopened.verify();
  await reopened.close();
  return found;
}

/** A night in the shop: the events of one subject in order, those of different subjects mixed. */
const NIGHT: readonly LedgerEvent[] = [
  configured('prod'),
  reported({ bug: '1', title: 'Cart loses items' }),
  reported({ bug: '2' }),
  rejected('2', 2),
  deploymentStarted('shop-prod-1', 'prod'),
  analysisStarted('9', 2), // its bug.reported never came
  reported({ bug: '3', description: 'odd text: \0 \ud800 \u{1F300} "quotes"' }),
  { ...reported({ bug: '4' }), reason: 'nul \0 and half a pair \ud83c', actor: 'o\0bo' },
];

/** Batches in order, in which anything that was already written may come again. */
const batchesWithRepeats = fc
  .array(fc.record({ size: fc.integer({ min: 0, max: 4 }), again: fc.array(fc.nat({ max: NIGHT.length - 1 })) }), {
    minLength: 1,
    maxLength: 8,
  })
  .map((plan) => {
    let written = 0;
    const batches = plan.map(({ size, again }) => {
      const fresh = NIGHT.slice(written, written + size);
      written += fresh.length;
      return [...fresh, ...again.flatMap((index) => NIGHT.slice(index, Math.min(index + 1, written)))];
    });
    return [...batches, NIGHT.slice(written)];
  });

async function contents(ledger: Ledger): Promise<object> {
  return {
    events: await ledger.eventsAfter(0, 100),
    bugs: await ledger.bugs({ service: null, status: null, severity: null, q: null, limit: 100, cursor: null }),
    environments: await ledger.environments(),
    deployments: (await ledger.deployments({ services: ['shop'], env: null, limit: 100, cursor: null })).items,
  };
}

onBothDatabases((home) => {
  describe('the hash chain: nobody rewrites who approved what', () => {
    test('an untouched chain verifies', async () => {
      await expect(afterTampering(home)).resolves.toBeNull();
    });

    test.each([
      ['the actor', `update event set actor = 'mallory' where seq = 4`],
      ['the time', `update event set at = at - 1 where seq = 4`],
      ['the data', `update event set data = replace(data, 'medium', 'low') where seq = 4`],
      ['the data, to something that is no JSON', `update event set data = '{' where seq = 4`],
    ])('an event with %s edited is named', async (_what, statement) => {
      const found = await afterTampering(home, statement);
      expect(found).toMatchObject({ seq: 4, problem: expect.stringContaining('was edited') as string });
    });

    test('two events in changed order are named', async () => {
      const found = await afterTampering(
        home,
        'update event set seq = -5 where seq = 5',
        'update event set seq = 5 where seq = 6',
        'update event set seq = 6 where seq = -5',
      );
      expect(found).toMatchObject({ seq: 5, problem: expect.stringContaining('does not follow event 4') as string });
    });

    test('events dropped from the middle are named, also when the rest is renumbered', async () => {
      const dropped = await afterTampering(home, 'delete from event where seq in (5, 6)');
      expect(dropped).toEqual({ seq: 5, problem: 'events 5 to 6 are missing: after 4 comes 7' });
    });

    test('a renumbered gap still breaks the hashes', async () => {
      const renumbered = await afterTampering(
        home,
        'delete from event where seq = 5',
        'update event set seq = seq - 1 where seq > 5',
      );
      expect(renumbered).toMatchObject({ seq: 5, problem: expect.stringContaining('does not follow') as string });
    });

    test('a cut tail is named', async () => {
      const found = await afterTampering(home, 'delete from event where seq > 8');
      expect(found).toMatchObject({ seq: 9, problem: expect.stringContaining('newest events are missing') as string });
    });
  });

  describe('append: a retried write is one write', () => {
    test('any batching with any repeats gives the same chain and the same read models', async () => {
      const once = await openLedger(await home.newLocation());
      await once.append(NIGHT);
      const expected = await contents(once);
      await once.close();
      await fc.assert(
        fc.asyncProperty(batchesWithRepeats, async (batches) => {
          const ledger = await openLedger(await home.newLocation());
          for (const batch of batches) await ledger.append(batch);
          expect(await contents(ledger)).toEqual(expected);
          expect(await ledger.verify()).toBeNull();
          await ledger.close();
        }),
        { numRuns: 25 },
      );
    });

    test('an event of an unknown subject stays in the record and makes no model', async () => {
      const ledger = await openLedger(await home.newLocation());
      await ledger.append([analysisStarted('9', 2)]);
      expect(await ledger.hasEvent('bug/shop/9#run-2')).toBe(true);
      expect(await ledger.bug('shop', '9')).toBeNull();
      await ledger.close();
    });

    test('read models lost or spoilt come back from the events', async () => {
      const location = await home.newLocation();
      const first = await openLedger(location);
      await first.append(NIGHT);
      const expected = await contents(first);
      await first.close();
      await home.tamper(
        location,
        `delete from bug where id = '1'`,
        `update bug set state = '{}', status = 'closed'`,
        'delete from environment',
      );
      const ledger = await openLedger(location);
      expect(await contents(ledger)).not.toEqual(expected);
      expect(await ledger.rebuild()).toBe(NIGHT.length);
      expect(await contents(ledger)).toEqual(expected);
      await ledger.close();
    });
  });
});

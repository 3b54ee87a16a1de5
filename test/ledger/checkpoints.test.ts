import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { keepCheckpoints, readCheckpoints } from '../../src/ledger/checkpoints';
import { chainHash } from '../../src/ledger/chain';
import { openLedger } from '../../src/ledger/open-ledger';
import type { ChainProblem, Ledger } from '../../src/ports/ledger';
import { AT, onBothDatabases, reported, useTempFolder, type LedgerHome } from './support';

const folder = useTempFolder();
const file = (): string => join(folder(), 'elsewhere', 'checkpoints.jsonl');

const bugs = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => reported({ bug: String(from + index) }));

function keep(ledger: Ledger, problems: unknown[] = []) {
  return keepCheckpoints(ledger, { file: file(), now: () => AT, onProblem: (problem) => problems.push(problem) });
}

/** A chain of fifteen events, exported at 8 and at 15, and then what an intruder with all rights does to the ledger. */
async function afterIntrusion(home: LedgerHome, ...statements: readonly string[]): Promise<ChainProblem | null> {
  const location = await home.newLocation();
  const ledger = await openLedger(location);
  await ledger.append(bugs(1, 8));
  await keep(ledger).stop();
  await ledger.append(bugs(9, 15));
  await keep(ledger).stop();
  await ledger.close();
  await home.tamper(location, ...statements);
  const reopened = await openLedger(location);
  const found = await reopened.verify(await readCheckpoints(file()));
  await reopened.close();
  return found;
}

/** Statements that write the chain anew from an event on, as somebody would who knows how it is made. */
function forged(from: number, previousHash: string, title: string): readonly string[] {
  let hash = previousHash;
  const inserts = Array.from({ length: 16 - from }, (_, index) => {
    const seq = from + index;
    const event = { ...reported({ bug: String(seq), title: seq === from ? title : `bug ${seq}` }) };
    const before = hash;
    hash = chainHash(before, event);
    const { id, at, service, subject, kind, actor, surface, data } = event;
    const texts = [service, subject, kind, actor, surface].map((text) => `'${text}'`).join(', ');
    return `insert into event (seq, id, at, service, subject, kind, actor, surface, reason, data, previous_hash, hash)
      values (${seq}, '${id}', ${at}, ${texts}, null, '${JSON.stringify(data)}', '${before}', '${hash}')`;
  });
  return [`delete from event where seq >= ${from}`, ...inserts, `update chain_head set hash = '${hash}'`];
}

onBothDatabases((home) => {
  test('an untouched chain holds against what was exported', async () => {
    expect(await afterIntrusion(home)).toBeNull();
  });

  test('an event edited, or two swapped, is named', async () => {
    const edited = await afterIntrusion(home, `update event set actor = 'mallory' where seq = 4`);
    expect(edited).toMatchObject({ seq: 4, problem: expect.stringContaining('was edited') as string });
    const swapped = await afterIntrusion(
      home,
      'update event set seq = -5 where seq = 5',
      'update event set seq = 5 where seq = 6',
      'update event set seq = 6 where seq = -5',
    );
    expect(swapped).toMatchObject({ seq: 5, problem: expect.stringContaining('does not follow event 4') as string });
  });

  test('the last five dropped and the head set back: only what was exported knows, and names the first that is gone', async () => {
    const hashOfTen = `(select hash from event where seq = 10)`;
    const found = await afterIntrusion(
      home,
      'delete from event where seq > 10',
      `update chain_head set seq = 10, hash = ${hashOfTen}`,
    );
    expect(found).toMatchObject({ seq: 11, problem: expect.stringContaining('events 11 to 15 are missing') as string });
  });

  test('a chain forked and forged whole, with good hashes and head, is named at the next exported event', async () => {
    const honest = await openLedger(await home.newLocation());
    await honest.append(bugs(1, 15));
    const links = await honest.eventsAfter(0, 100);
    await honest.close();
    const found = await afterIntrusion(home, ...forged(4, links[2]?.hash ?? '', 'nobody approved this'));
    expect(found).toMatchObject({ seq: 8, problem: expect.stringContaining('rewritten') as string });
  });

  test('the end of a deployment is exported at once; a ledger set back is said at the next start', async () => {
    const location = await home.newLocation();
    const ledger = await openLedger(location);
    await ledger.append(bugs(1, 3));
    const kept = keep(ledger);
    await kept.ledger.append([
      {
        ...reported({ bug: '4' }),
        kind: 'deployment.ended',
        subject: 'deploy/shop-prod-1',
        data: { verdict: 'Released', reason: null, evidence: null, target: null },
      } as never,
    ]);
    await kept.stop();
    expect((await readCheckpoints(file())).map(({ seq }) => seq)).toContain(4);
    await ledger.close();
    await home.tamper(location, 'delete from event where seq > 2', 'update chain_head set seq = 2');
    const problems: unknown[] = [];
    const setBack = await openLedger(location);
    await keep(setBack, problems).stop();
    await setBack.close();
    expect(String(problems[0])).toMatch(/does not hold event 4 .* audit verify/);
  });
});

test('a folder that cannot be written holds no append up, and is said; a line cut off is named, not skipped', async () => {
  const ledger = await openLedger(join(folder(), 'ledger.db'));
  await ledger.append(bugs(1, 2));
  await keep(ledger).stop();
  const problems: unknown[] = [];
  const astray = keepCheckpoints(ledger, {
    file: join(__filename, 'checkpoints.jsonl'),
    now: () => AT,
    onProblem: (problem) => problems.push(problem),
  });
  await astray.ledger.append(bugs(3, 3));
  await astray.stop();
  expect(problems.length).toBeGreaterThan(0);
  expect(await ledger.head()).toMatchObject({ seq: 3 });
  await ledger.close();
  expect((await readFile(file(), 'utf8')).trimEnd()).toMatch(/^\{"seq":2,"hash":"[0-9a-f]{64}","at":\d+\}$/);
  await appendFile(file(), '{"seq":3,"ha');
  await expect(readCheckpoints(file())).rejects.toThrow(/Line 2 of .*checkpoints\.jsonl/);
});

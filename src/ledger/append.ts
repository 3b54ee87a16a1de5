/** Appending: new events become links of the chain and are folded into the read models, in one transaction. */
import type { LedgerEvent } from '../domain/events';
import type { ChainedEvent } from '../ports/ledger';
import { asStored, batches, chainHash, toRow, type Position } from './chain';
import { foldInto, loadModels, saveModels } from './fold';
import { allOf, type Db } from './schema';

/**
 * Appends the events that are not there yet, in order. The transaction must be alone (`LedgerStore.alone`). Statements
 * that do not need each other's answer are sent together: with `begin` and `commit` an append is four trips.
 */
export async function appendEvents(tx: Db, events: readonly LedgerEvent[]): Promise<void> {
  const stored = events.map(asStored);
  const [end, known, models] = await allOf([endOfChain(tx), knownIds(tx, stored), loadModels(tx, stored)]);
  const links = linked(end, unknownOnly(stored, known));
  const last = links.at(-1);
  if (!last) return;
  await allOf([
    insertLinks(tx, links),
    tx.updateTable('chain_head').set({ seq: last.seq, hash: last.hash }).where('id', '=', 1).execute(),
    saveModels(tx, foldInto(models, links)),
  ]);
}

/** Where the chain ends, by the row that every append moves. */
export async function endOfChain(db: Db): Promise<Position> {
  return db.selectFrom('chain_head').select(['seq', 'hash']).where('id', '=', 1).executeTakeFirstOrThrow();
}

async function knownIds(tx: Db, events: readonly LedgerEvent[]): Promise<ReadonlySet<string>> {
  const known = new Set<string>();
  for (const batch of batches(events)) {
    const ids = batch.map((event) => event.id);
    const rows = await tx.selectFrom('event').select('id').where('id', 'in', ids).execute();
    for (const row of rows) known.add(row.id);
  }
  return known;
}

/** Those of the events whose id is not known, each id once. */
function unknownOnly(events: readonly LedgerEvent[], known: ReadonlySet<string>): readonly LedgerEvent[] {
  const seen = new Set(known);
  return events.filter(({ id }) => {
    const isNew = !seen.has(id);
    seen.add(id);
    return isNew;
  });
}

function linked(end: Position, events: readonly LedgerEvent[]): readonly ChainedEvent[] {
  let { seq, hash } = end;
  return events.map((event) => {
    const previousHash = hash;
    hash = chainHash(previousHash, event);
    seq += 1;
    return { seq, event, previousHash, hash };
  });
}

async function insertLinks(tx: Db, links: readonly ChainedEvent[]): Promise<void> {
  for (const batch of batches(links)) await tx.insertInto('event').values(batch.map(toRow)).execute();
}

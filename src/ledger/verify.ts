/** Whether the record is still what was written: the chain walked link by link, and held against exported checkpoints. */
import { setImmediate } from 'node:timers/promises';
import type { ChainProblem, Checkpoint } from '../ports/ledger';
import { chainHash, fromRow, GENESIS, pageOfEvents, type EventRow, type Position } from './chain';
import type { Db, LedgerStore } from './schema';

/**
 * Walks the whole chain in pages; null when it holds, else the first bad sequence number and why. Checkpoints that were
 * exported elsewhere also find a chain that was cut or made anew, ends and all (6-faults abuse 32).
 */
export async function verifyChain(
  store: LedgerStore,
  checkpoints: readonly Checkpoint[] = [],
): Promise<ChainProblem | null> {
  const exported = bySeq(checkpoints);
  let position: Position = { seq: 0, hash: GENESIS };
  for (;;) {
    const page = await store.read((db) => pageOfEvents(db, position.seq));
    for (const row of page) {
      const problem = linkProblem(row, position) ?? checkpointProblem(row, exported.get(row.seq) ?? []);
      if (problem) return problem;
      position = { seq: row.seq, hash: row.hash };
    }
    if (page.length === 0) {
      const end = await store.read((db) => compareWithHead(db, position));
      if (end !== 'more') return beyondTheEnd(position, checkpoints) ?? end;
    }
    await setImmediate(); // an embedded database answers without waiting: let the process breathe between pages
  }
}

function bySeq(checkpoints: readonly Checkpoint[]): ReadonlyMap<number, readonly Checkpoint[]> {
  const map = new Map<number, Checkpoint[]>();
  for (const checkpoint of checkpoints) map.set(checkpoint.seq, [...(map.get(checkpoint.seq) ?? []), checkpoint]);
  return map;
}

/** Where the chain itself holds and yet differs from what was exported, it was written anew after that. */
function checkpointProblem({ seq, id, hash }: EventRow, exported: readonly Checkpoint[]): ChainProblem | null {
  const other = exported.find((checkpoint) => checkpoint.hash !== hash);
  if (!other) return null;
  const problem = `event ${seq} (${id}) is not the one that was exported at ${instant(other.at)}: it or an event before it was rewritten`;
  return { seq, problem };
}

/** The chain may end whole and early; a checkpoint beyond its end remembers that there was more. */
function beyondTheEnd(end: Position, checkpoints: readonly Checkpoint[]): ChainProblem | null {
  const furthest = checkpoints.reduce<Checkpoint | null>((far, one) => (far && far.seq >= one.seq ? far : one), null);
  if (!furthest || furthest.seq <= end.seq) return null;
  const lost =
    furthest.seq - end.seq === 1 ? `event ${furthest.seq} is` : `events ${end.seq + 1} to ${furthest.seq} are`;
  const problem = `${lost} missing: at ${instant(furthest.at)} the chain ended at event ${furthest.seq}, and now it ends at event ${end.seq}`;
  return { seq: end.seq + 1, problem };
}

const instant = (at: number): string => new Date(at).toISOString();

function linkProblem(row: EventRow, before: Position): ChainProblem | null {
  const expected = before.seq + 1;
  if (row.seq !== expected) {
    const lost = row.seq - 1 === expected ? `event ${expected} is` : `events ${expected} to ${row.seq - 1} are`;
    return { seq: expected, problem: `${lost} missing: after ${before.seq} comes ${row.seq}` };
  }
  if (row.previous_hash !== before.hash) {
    const problem = `event ${row.seq} (${row.id}) does not follow event ${before.seq}: the order was changed or an event was replaced`;
    return { seq: row.seq, problem };
  }
  if (ownHash(row) !== row.hash) {
    return { seq: row.seq, problem: `event ${row.seq} (${row.id}) was edited: its content does not give its hash` };
  }
  return null;
}

function ownHash(row: EventRow): string | null {
  try {
    return chainHash(row.previous_hash, fromRow(row).event);
  } catch {
    return null; // data that is no JSON any more was edited
  }
}

/** Compares the last event with the head row, which finds a tail that was cut off or stuck on. */
async function compareWithHead(db: Db, last: Position): Promise<ChainProblem | null | 'more'> {
  const head = await db.selectFrom('chain_head').select(['seq', 'hash']).where('id', '=', 1).executeTakeFirst();
  if (!head) return { seq: last.seq, problem: 'the row that names the end of the chain is missing' };
  if (head.seq === last.seq && head.hash === last.hash) return null;
  // Somebody may have appended between the last page and this look.
  if ((await pageOfEvents(db, last.seq, 1)).length > 0) return 'more';
  const told = `the chain should end at event ${head.seq}, and it ends at event ${last.seq}`;
  if (head.seq > last.seq) return { seq: last.seq + 1, problem: `the newest events are missing: ${told}` };
  return { seq: last.seq, problem: `the end of the chain was changed: ${told}` };
}

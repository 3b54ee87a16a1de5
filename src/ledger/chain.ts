/** The hash chain: how an event becomes a row, how rows are appended, and how the chain is checked (3-architecture §4). */
import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { Insertable, Selectable } from 'kysely';
import { canonicalJson } from '../domain/canonical-json';
import type { LedgerEvent } from '../domain/events';
import type { ChainedEvent } from '../ports/ledger';
import type { Db, LedgerStore, LedgerTables } from './schema';
import { storable } from './text';

/** What the first event's `previousHash` is. */
export const GENESIS = '0'.repeat(64);

type EventRow = Selectable<LedgerTables['event']>;

/** Rows per statement and per page: far below the databases' limits on parameters. */
const BATCH = 500;

/** SHA-256 over the previous hash and the canonical JSON of the whole envelope. */
export function chainHash(previousHash: string, event: LedgerEvent): string {
  const { id, at, service, subject, kind, actor, surface, reason, data } = event;
  const envelope = canonicalJson({ id, at, service, subject, kind, actor, surface, reason, data });
  return createHash('sha256').update(`${previousHash}\n${envelope}`).digest('hex');
}

/** Appends the events that are not there yet and returns them as they stand in the chain, in order. */
export async function appendToChain(tx: Db, events: readonly LedgerEvent[]): Promise<readonly ChainedEvent[]> {
  const fresh = await unknownOnly(tx, events.map(asStored));
  if (fresh.length === 0) return [];
  // The update is also the lock: on a database with row locks, a second writer waits here for the first one's commit.
  const head = await tx
    .updateTable('chain_head')
    .set((row) => ({ seq: row('seq', '+', fresh.length) }))
    .where('id', '=', 1)
    .returning(['seq', 'hash'])
    .executeTakeFirstOrThrow();
  const links: ChainedEvent[] = [];
  let previousHash = head.hash;
  for (const [index, event] of fresh.entries()) {
    const hash = chainHash(previousHash, event);
    links.push({ seq: head.seq - fresh.length + index + 1, event, previousHash, hash });
    previousHash = hash;
  }
  for (const batch of batches(links)) await tx.insertInto('event').values(batch.map(toRow)).execute();
  await tx.updateTable('chain_head').set({ hash: previousHash }).where('id', '=', 1).execute();
  return links;
}

/** Those of the events whose id is not in the ledger, each id once. */
async function unknownOnly(tx: Db, events: readonly LedgerEvent[]): Promise<readonly LedgerEvent[]> {
  const known = new Set<string>();
  for (const batch of batches(events)) {
    const ids = batch.map((event) => event.id);
    const rows = await tx.selectFrom('event').select('id').where('id', 'in', ids).execute();
    for (const row of rows) known.add(row.id);
  }
  return events.filter((event) => {
    const isNew = !known.has(event.id);
    known.add(event.id);
    return isNew;
  });
}

export function* batches<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let start = 0; start < items.length; start += BATCH) yield items.slice(start, start + BATCH);
}

/** The event exactly as it will be read back: what is hashed and folded must survive the database. */
function asStored(event: LedgerEvent): LedgerEvent {
  return {
    ...event,
    id: storable(event.id),
    service: storable(event.service),
    subject: storable(event.subject),
    actor: storable(event.actor),
    reason: event.reason === null ? null : storable(event.reason),
    data: JSON.parse(canonicalJson(event.data)) as LedgerEvent['data'],
  } as LedgerEvent;
}

function toRow({ seq, event, previousHash, hash }: ChainedEvent): Insertable<LedgerTables['event']> {
  const { id, at, service, subject, kind, actor, surface, reason } = event;
  const data = canonicalJson(event.data);
  return { seq, id, at, service, subject, kind, actor, surface, reason, data, previous_hash: previousHash, hash };
}

export function fromRow(row: EventRow): ChainedEvent {
  const { id, at, service, subject, kind, actor, surface, reason } = row;
  const data: unknown = JSON.parse(row.data);
  const event = { id, at, service, subject, kind, actor, surface, reason, data } as LedgerEvent;
  return { seq: row.seq, event, previousHash: row.previous_hash, hash: row.hash };
}

/** Events after a sequence number, oldest first. */
export async function pageOfEvents(db: Db, afterSeq: number, limit = BATCH): Promise<readonly EventRow[]> {
  return db.selectFrom('event').selectAll().where('seq', '>', afterSeq).orderBy('seq').limit(limit).execute();
}

export interface ChainProblem {
  readonly seq: number;
  readonly problem: string;
}

interface Position {
  readonly seq: number;
  readonly hash: string;
}

/** Walks the whole chain in pages; null when it holds, else the first bad sequence number and why. */
export async function verifyChain(store: LedgerStore): Promise<ChainProblem | null> {
  let position: Position = { seq: 0, hash: GENESIS };
  for (;;) {
    const page = await store.read((db) => pageOfEvents(db, position.seq));
    if (page.length === 0) {
      const end = await store.read((db) => compareWithHead(db, position));
      if (end !== 'more') return end;
    }
    for (const row of page) {
      const problem = linkProblem(row, position);
      if (problem) return problem;
      position = { seq: row.seq, hash: row.hash };
    }
    await setImmediate(); // an embedded database answers without waiting: let the process breathe between pages
  }
}

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

/** The hash chain: how an event becomes a row, and a row an event again (3-architecture §4). */
import { createHash } from 'node:crypto';
import type { Insertable, Selectable } from 'kysely';
import { canonicalJson } from '../domain/canonical-json';
import type { LedgerEvent } from '../domain/events';
import type { ChainedEvent } from '../ports/ledger';
import type { Db, LedgerTables } from './schema';
import { storable } from './text';

/** What the first event's `previousHash` is. */
export const GENESIS = '0'.repeat(64);

export type EventRow = Selectable<LedgerTables['event']>;

/** A place in the chain: an event's number and hash. */
export interface Position {
  readonly seq: number;
  readonly hash: string;
}

/** Rows per statement and per page: far below the databases' limits on parameters. */
const BATCH = 500;

/** SHA-256 over the previous hash and the canonical JSON of the whole envelope. */
export function chainHash(previousHash: string, event: LedgerEvent): string {
  const { id, at, service, subject, kind, actor, surface, reason, data } = event;
  const envelope = canonicalJson({ id, at, service, subject, kind, actor, surface, reason, data });
  return createHash('sha256').update(`${previousHash}\n${envelope}`).digest('hex');
}

export function* batches<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let start = 0; start < items.length; start += BATCH) yield items.slice(start, start + BATCH);
}

/** The event exactly as it will be read back: what is hashed and folded must survive the database. */
export function asStored(event: LedgerEvent): LedgerEvent {
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

export function toRow({ seq, event, previousHash, hash }: ChainedEvent): Insertable<LedgerTables['event']> {
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

/** What a deployment leaves besides events: watch samples and log lines, and the digests that tie them to the chain. */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../domain/canonical-json';
import { deploymentSubject } from '../domain/ids';
import { redact } from '../domain/redact';
import type { Reading } from '../domain/reading';
import type { Sample } from '../domain/watch';
import type { LogLine } from '../ports/deployer';
import { batches } from './chain';
import { pageSize } from './nouns';
import type { Db } from './schema';
import { storable } from './text';

/** How many lines of one deployment are kept; a note stands where the rest was left out. */
export const MAX_LOG_LINES = 20_000;
const MAX_LINE_LENGTH = 8_000;
const LOG_CUT = `(Tidegate keeps ${MAX_LOG_LINES} lines of a deployment's log; what came after stands only in the output file of its runner.)`;

export interface StoredSample {
  readonly at: number;
  readonly reading: Reading | null;
  readonly sample: Sample | null;
}

/** Keeps the first of two samples of one instant: a repeated write is the same sample. */
export async function insertSample(db: Db, subject: string, { at, reading, sample }: StoredSample): Promise<void> {
  await db
    .insertInto('sample')
    .values({ subject, at, reading: canonicalJson(reading), sample: sample && canonicalJson(sample) })
    .onConflict((conflict) => conflict.columns(['subject', 'at']).doNothing())
    .execute();
}

export async function findSamples(db: Db, subject: string, fromAt: number): Promise<readonly StoredSample[]> {
  const query = db.selectFrom('sample').select(['at', 'reading', 'sample']).where('subject', '=', subject);
  const rows = await query.where('at', '>=', fromAt).orderBy('at').execute();
  return rows.map((row) => ({
    at: row.at,
    reading: JSON.parse(row.reading) as Reading | null,
    sample: row.sample === null ? null : (JSON.parse(row.sample) as Sample),
  }));
}

export async function deleteSamples(db: Db, subject: string, before: number): Promise<void> {
  await db.deleteFrom('sample').where('subject', '=', subject).where('at', '<', before).execute();
}

/** Adds lines once by offset, without what looks like a secret, up to `MAX_LOG_LINES` and then a note. */
export async function insertLog(tx: Db, deployment: string, lines: readonly LogLine[]): Promise<void> {
  for (const batch of batches(lines)) {
    const room = MAX_LOG_LINES - (await countLog(tx, deployment));
    if (room < 0) return; // the note is there already
    const fresh = await freshLines(tx, deployment, batch);
    const rows = fresh.slice(0, room).map((line) => ({
      deployment,
      byte_offset: line.offset,
      at: line.at,
      text: storable(redact(line.text).slice(0, MAX_LINE_LENGTH)),
    }));
    const firstOut = fresh[room];
    if (firstOut) rows.push({ deployment, byte_offset: firstOut.offset, at: firstOut.at, text: LOG_CUT });
    if (rows.length === 0) continue;
    const insert = tx.insertInto('log_line').values(rows);
    await insert.onConflict((conflict) => conflict.columns(['deployment', 'byte_offset']).doNothing()).execute();
  }
}

async function countLog(tx: Db, deployment: string): Promise<number> {
  const query = tx.selectFrom('log_line').select((row) => row.fn.countAll().as('lines'));
  const found = await query.where('deployment', '=', deployment).executeTakeFirstOrThrow();
  return Number(found.lines);
}

async function freshLines(tx: Db, deployment: string, lines: readonly LogLine[]): Promise<readonly LogLine[]> {
  const offsets = lines.map((line) => line.offset);
  const query = tx.selectFrom('log_line').select('byte_offset').where('deployment', '=', deployment);
  const rows = await query.where('byte_offset', 'in', offsets).execute();
  const known = new Set(rows.map((row) => row.byte_offset));
  return lines.filter((line) => {
    const isNew = !known.has(line.offset);
    known.add(line.offset);
    return isNew;
  });
}

export async function findLog(
  db: Db,
  deployment: string,
  afterOffset: number,
  limit: number,
): Promise<readonly LogLine[]> {
  const query = db.selectFrom('log_line').select(['byte_offset as offset', 'at', 'text']);
  return query
    .where('deployment', '=', deployment)
    .where('byte_offset', '>', afterOffset)
    .orderBy('byte_offset')
    .limit(pageSize(limit))
    .execute();
}

/** SHA-256 over the rows of samples and of log lines, each as canonical JSON and a line break, in order. */
export async function digestEvidence(
  db: Db,
  deployment: string,
): Promise<{ readonly samples: string; readonly log: string }> {
  const samples = await db
    .selectFrom('sample')
    .select(['at', 'reading', 'sample'])
    .where('subject', '=', deploymentSubject(deployment))
    .orderBy('at')
    .execute();
  const log = await db
    .selectFrom('log_line')
    .select(['byte_offset', 'at', 'text'])
    .where('deployment', '=', deployment)
    .orderBy('byte_offset')
    .execute();
  return { samples: digestRows(samples), log: digestRows(log) };
}

function digestRows(rows: readonly object[]): string {
  const hash = createHash('sha256');
  for (const row of rows) hash.update(`${canonicalJson(row)}\n`);
  return hash.digest('hex');
}

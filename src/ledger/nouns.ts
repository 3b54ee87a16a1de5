/** Reads of the read models: bugs, environments, deployments, tokens. */
import { sql } from 'kysely';
import type { BugState } from '../domain/bug';
import type { DeploymentState } from '../domain/deployment';
import type { EnvironmentState } from '../domain/environment';
import { TidegateFailure } from '../domain/failures';
import type { TokenState } from '../domain/token';
import type { BugFilter, DeploymentFilter, Page } from '../ports/ledger';
import type { Db } from './schema';
import { containsPattern, searchable } from './text';

const MAX_PAGE = 1000;
const MAX_WORDS = 10;

/** A page size that no caller can blow up. */
export const pageSize = (limit: number): number => Math.min(Math.max(Math.trunc(limit), 1), MAX_PAGE);

const stateOf = (row: { readonly state: string } | undefined): unknown => (row ? JSON.parse(row.state) : null);

export async function findBug(db: Db, service: string, id: string): Promise<BugState | null> {
  const query = db.selectFrom('bug').select('state').where('service', '=', service).where('id', '=', id);
  return stateOf(await query.executeTakeFirst()) as BugState | null;
}

export async function findBugServices(db: Db, id: string): Promise<readonly string[]> {
  const rows = await db.selectFrom('bug').select('service').where('id', '=', id).orderBy('service').execute();
  return rows.map((row) => row.service);
}

/** Bugs that match every given part of the filter, newest first, page by page. */
export async function findBugs(db: Db, filter: BugFilter): Promise<Page<BugState>> {
  if (filter.status?.length === 0) return { items: [], next: null };
  const limit = pageSize(filter.limit);
  let query = db
    .selectFrom('bug')
    .select(['state', 'first_seq'])
    .orderBy('first_seq', 'desc')
    .limit(limit + 1);
  if (filter.service !== null) query = query.where('service', '=', filter.service);
  if (filter.status !== null) query = query.where('status', 'in', [...filter.status]);
  if (filter.severity !== null) query = query.where('severity', '=', filter.severity);
  if (filter.cursor !== null) query = query.where('first_seq', '<', readCursor(filter.cursor));
  for (const word of wordsOf(filter.q)) {
    query = query.where(sql<boolean>`search like ${containsPattern(word)} escape '!'`);
  }
  return pageOf<BugState>(await query.execute(), limit);
}

/** A page out of rows of which one more was asked for than it holds. */
function pageOf<S>(rows: readonly { readonly state: string; readonly first_seq: number }[], limit: number): Page<S> {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    items: page.map((row) => stateOf(row) as S),
    next: last && rows.length > limit ? writeCursor(last.first_seq) : null,
  };
}

const wordsOf = (q: string | null): readonly string[] =>
  searchable(q ?? '')
    .split(/\s+/)
    .filter((word) => word !== '')
    .slice(0, MAX_WORDS);

const writeCursor = (firstSeq: number): string => Buffer.from(`before:${firstSeq}`).toString('base64url');

function readCursor(cursor: string): number {
  const firstSeq = /^before:(\d{1,15})$/.exec(Buffer.from(cursor, 'base64url').toString('utf8'))?.[1];
  if (firstSeq !== undefined) return Number(firstSeq);
  throw new TidegateFailure(
    'BadRef',
    'The cursor is not one that this list gave out. Take `next` of the page before, or ask without a cursor.',
    { cursor: cursor.slice(0, 100) },
  );
}

export async function findEnvironment(db: Db, service: string, env: string): Promise<EnvironmentState | null> {
  const query = db.selectFrom('environment').select('state').where('service', '=', service).where('env', '=', env);
  return stateOf(await query.executeTakeFirst()) as EnvironmentState | null;
}

export async function findEnvironments(db: Db): Promise<readonly EnvironmentState[]> {
  const rows = await db.selectFrom('environment').select('state').orderBy('service').orderBy('first_seq').execute();
  return rows.map((row) => stateOf(row) as EnvironmentState);
}

export async function findDeployment(db: Db, id: string): Promise<DeploymentState | null> {
  const query = db.selectFrom('deployment').select('state').where('id', '=', id);
  return stateOf(await query.executeTakeFirst()) as DeploymentState | null;
}

/** Newest first, page by page. */
export async function findDeployments(db: Db, filter: DeploymentFilter): Promise<Page<DeploymentState>> {
  if (filter.services.length === 0) return { items: [], next: null };
  const limit = pageSize(filter.limit);
  let query = db
    .selectFrom('deployment')
    .select(['state', 'first_seq'])
    .where('service', 'in', filter.services)
    .orderBy('first_seq', 'desc')
    .limit(limit + 1);
  if (filter.env !== null) query = query.where('env', '=', filter.env);
  if (filter.cursor !== null) query = query.where('first_seq', '<', readCursor(filter.cursor));
  return pageOf<DeploymentState>(await query.execute(), limit);
}

/** The oldest with this SHA-256: giving a hash again never revives a token that was taken back. */
export async function findToken(db: Db, by: 'id' | 'sha256', value: string): Promise<TokenState | null> {
  const query = db.selectFrom('token').select('state').where(by, '=', value).orderBy('first_seq');
  return stateOf(await query.limit(1).executeTakeFirst()) as TokenState | null;
}

/** Newest first; a service has few. */
export async function findTokens(db: Db, service: string): Promise<readonly TokenState[]> {
  const query = db.selectFrom('token').select('state').where('service', '=', service).orderBy('first_seq', 'desc');
  return (await query.limit(MAX_PAGE).execute()).map((row) => stateOf(row) as TokenState);
}

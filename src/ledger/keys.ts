/** Idempotency keys of the HTTP API, and the bug numbers they remember (4-interfaces §4). */
import { TidegateFailure } from '../domain/failures';
import type { KeyAnswer } from '../ports/ledger';
import type { Db } from './schema';

const KEPT_MS = 24 * 60 * 60 * 1000;

export interface KeyName {
  readonly caller: string;
  readonly route: string;
  readonly key: string;
}

/** Claims a key, or says what became of it; forgets keys older than 24 h on the way. */
export async function claimKey(tx: Db, name: KeyName, digest: string, at: number): Promise<KeyAnswer> {
  await tx
    .deleteFrom('idempotency_key')
    .where('at', '<=', at - KEPT_MS)
    .execute();
  const { caller, route, key } = name;
  const inserted = await tx
    .insertInto('idempotency_key')
    .values({ caller, route, key, digest, at, bug: null, status: null, body: null })
    .onConflict((conflict) => conflict.columns(['caller', 'route', 'key']).doNothing())
    .returning('at')
    .execute();
  if (inserted.length > 0) return { state: 'new' };
  const row = await selectKey(tx, name).executeTakeFirstOrThrow();
  if (row.digest !== digest) return { state: 'reused' };
  if (row.status === null || row.body === null) return { state: 'pending', bug: row.bug };
  return { state: 'done', status: row.status, body: row.body };
}

/** Remembers the answer; the first one stays. */
export async function answerKey(tx: Db, name: KeyName, status: number, body: string): Promise<void> {
  await tx
    .updateTable('idempotency_key')
    .set({ status, body })
    .where('caller', '=', name.caller)
    .where('route', '=', name.route)
    .where('key', '=', name.key)
    .where('status', 'is', null)
    .execute();
}

/**
 * The number that the key already has, else the next one of the service, which the key then remembers.
 * @throws Unavailable for a key that was never claimed: a repeat would get another number
 */
export async function allocateBug(tx: Db, service: string, claimed: KeyName | null): Promise<string> {
  const known = claimed && (await lockKey(tx, claimed));
  if (known?.bug) return known.bug;
  if (claimed && !known)
    throw new TidegateFailure(
      'Unavailable',
      'The ledger does not know this Idempotency-Key yet: send the same request again.',
    );
  const counter = await tx
    .insertInto('bug_counter')
    .values({ service, last: 1 })
    .onConflict((conflict) =>
      conflict.column('service').doUpdateSet((row) => ({ last: row('bug_counter.last', '+', 1) })),
    )
    .returning('last')
    .executeTakeFirstOrThrow();
  const bug = String(counter.last);
  if (claimed) {
    await tx
      .updateTable('idempotency_key')
      .set({ bug })
      .where('caller', '=', claimed.caller)
      .where('route', '=', claimed.route)
      .where('key', '=', claimed.key)
      .execute();
  }
  return bug;
}

/** The update is the lock: a second request with this key waits here until the first one has its number. */
async function lockKey(tx: Db, { caller, route, key }: KeyName): Promise<{ readonly bug: string | null } | undefined> {
  return tx
    .updateTable('idempotency_key')
    .set(({ ref }) => ({ bug: ref('bug') }))
    .where('caller', '=', caller)
    .where('route', '=', route)
    .where('key', '=', key)
    .returning('bug')
    .executeTakeFirst();
}

const selectKey = (tx: Db, { caller, route, key }: KeyName) =>
  tx
    .selectFrom('idempotency_key')
    .select(['digest', 'bug', 'status', 'body'])
    .where('caller', '=', caller)
    .where('route', '=', route)
    .where('key', '=', key);

/** The ledger's schema, step by step. A migration that was ever released is never edited; a change is a new one. */
import { TidegateFailure } from '../domain/failures';
import { GENESIS } from './chain';
import type { Db, LedgerStore } from './schema';

interface Migration {
  readonly name: string;
  up(db: Db): Promise<void>;
}

const MIGRATIONS: readonly Migration[] = [
  { name: '0001-events', up: createEvents },
  { name: '0002-read-models', up: createReadModels },
  { name: '0003-deployment-evidence', up: createEvidence },
  { name: '0004-keys-and-numbers', up: createKeys },
  { name: '0005-deployments-of-a-service', up: indexDeployments },
  { name: '0006-tokens', up: createTokens },
];

/**
 * Brings the database to this version's schema, in one transaction; two processes that start together wait for each other.
 * @param now for the table of applied migrations, epoch ms
 * @throws BadPlan when a newer Tidegate wrote the database
 */
export async function migrate(store: LedgerStore, now: number): Promise<void> {
  // A ledger that is up to date is only read, so that a read-only copy of it can be opened, too.
  const known = await store.read(appliedTo).catch(() => []);
  if (pending(known).length === 0) return;
  await store.write(async (tx) => {
    await store.alone(tx);
    await tx.schema
      .createTable('ledger_migration')
      .ifNotExists()
      .addColumn('name', 'text', (column) => column.primaryKey())
      .addColumn('applied_at', 'bigint', (column) => column.notNull())
      .execute();
    for (const { name, up } of pending(await appliedTo(tx))) {
      await up(tx);
      await tx.insertInto('ledger_migration').values({ name, applied_at: now }).execute();
    }
  });
}

async function appliedTo(db: Db): Promise<readonly string[]> {
  return (await db.selectFrom('ledger_migration').select('name').execute()).map(({ name }) => name);
}

function pending(applied: readonly string[]): readonly Migration[] {
  const unknown = applied.find((name) => !MIGRATIONS.some((migration) => migration.name === name));
  if (unknown !== undefined) throw newerLedger(unknown);
  return MIGRATIONS.filter(({ name }) => !applied.includes(name));
}

const newerLedger = (migration: string): TidegateFailure =>
  new TidegateFailure(
    'BadPlan',
    `The ledger was written by a newer Tidegate: it has the migration ${migration}, which this version does not know. ` +
      'Start the newer version, or point this one at another ledger.',
    { migration },
  );

async function createEvents(db: Db): Promise<void> {
  await db.schema
    .createTable('event')
    .addColumn('seq', 'bigint', (column) => column.primaryKey())
    .addColumn('id', 'text', (column) => column.notNull().unique())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('service', 'text', (column) => column.notNull())
    .addColumn('subject', 'text', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('actor', 'text', (column) => column.notNull())
    .addColumn('surface', 'text', (column) => column.notNull())
    .addColumn('reason', 'text')
    .addColumn('data', 'text', (column) => column.notNull())
    .addColumn('previous_hash', 'text', (column) => column.notNull())
    .addColumn('hash', 'text', (column) => column.notNull())
    .execute();
  await db.schema.createIndex('event_by_subject').on('event').columns(['service', 'subject', 'seq']).execute();
  await db.schema
    .createTable('chain_head')
    .addColumn('id', 'bigint', (column) => column.primaryKey())
    .addColumn('seq', 'bigint', (column) => column.notNull())
    .addColumn('hash', 'text', (column) => column.notNull())
    .execute();
  await db.insertInto('chain_head').values({ id: 1, seq: 0, hash: GENESIS }).execute();
}

async function createReadModels(db: Db): Promise<void> {
  await db.schema
    .createTable('bug')
    .addColumn('service', 'text', (column) => column.notNull())
    .addColumn('id', 'text', (column) => column.notNull())
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('severity', 'text', (column) => column.notNull())
    .addColumn('search', 'text', (column) => column.notNull())
    .addColumn('first_seq', 'bigint', (column) => column.notNull().unique())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('bug_key', ['service', 'id'])
    .execute();
  await db.schema.createIndex('bug_by_status').on('bug').columns(['service', 'status', 'first_seq']).execute();
  await db.schema.createIndex('bug_by_id').on('bug').column('id').execute();
  await db.schema
    .createTable('environment')
    .addColumn('service', 'text', (column) => column.notNull())
    .addColumn('env', 'text', (column) => column.notNull())
    .addColumn('first_seq', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('environment_key', ['service', 'env'])
    .execute();
  await db.schema
    .createTable('deployment')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('service', 'text', (column) => column.notNull())
    .addColumn('env', 'text', (column) => column.notNull())
    .addColumn('verdict', 'text')
    .addColumn('first_seq', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .execute();
  await db.schema.createIndex('deployment_by_env').on('deployment').columns(['service', 'env', 'first_seq']).execute();
}

async function createEvidence(db: Db): Promise<void> {
  await db.schema
    .createTable('step')
    .addColumn('deployment', 'text', (column) => column.notNull())
    .addColumn('step', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('fence', 'bigint', (column) => column.notNull())
    .addColumn('attempt', 'bigint', (column) => column.notNull())
    .addColumn('host', 'text', (column) => column.notNull())
    .addColumn('proof', 'text')
    .addColumn('result', 'text')
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('step_key', ['deployment', 'step'])
    .execute();
  await db.schema
    .createTable('sample')
    .addColumn('subject', 'text', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('reading', 'text', (column) => column.notNull())
    .addColumn('sample', 'text')
    .addPrimaryKeyConstraint('sample_key', ['subject', 'at'])
    .execute();
  await db.schema
    .createTable('log_line')
    .addColumn('deployment', 'text', (column) => column.notNull())
    .addColumn('byte_offset', 'bigint', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('text', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('log_line_key', ['deployment', 'byte_offset'])
    .execute();
}

async function createKeys(db: Db): Promise<void> {
  await db.schema
    .createTable('idempotency_key')
    .addColumn('caller', 'text', (column) => column.notNull())
    .addColumn('route', 'text', (column) => column.notNull())
    .addColumn('key', 'text', (column) => column.notNull())
    .addColumn('digest', 'text', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('bug', 'text')
    .addColumn('status', 'bigint')
    .addColumn('body', 'text')
    .addPrimaryKeyConstraint('idempotency_key_key', ['caller', 'route', 'key'])
    .execute();
  await db.schema.createIndex('idempotency_key_by_age').on('idempotency_key').column('at').execute();
  await db.schema
    .createTable('bug_counter')
    .addColumn('service', 'text', (column) => column.primaryKey())
    .addColumn('last', 'bigint', (column) => column.notNull())
    .execute();
}

async function indexDeployments(db: Db): Promise<void> {
  await db.schema.createIndex('deployment_by_service').on('deployment').columns(['service', 'first_seq']).execute();
}

async function createTokens(db: Db): Promise<void> {
  await db.schema
    .createTable('token')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('service', 'text', (column) => column.notNull())
    .addColumn('sha256', 'text', (column) => column.notNull())
    .addColumn('first_seq', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .execute();
  await db.schema.createIndex('token_by_sha256').on('token').column('sha256').execute();
}

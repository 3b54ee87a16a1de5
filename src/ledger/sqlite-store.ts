/** The embedded database: everything that is particular to SQLite stands in this file. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Kysely, SqliteDialect, SqliteDriver, type Driver } from 'kysely';
import Database from 'libsql';
import { TidegateFailure } from '../domain/failures';
import type { Db, LedgerStore, LedgerTables } from './schema';

/** The driver waits inside its call and holds up the whole process meanwhile: keep that short and wait outside. */
const BUSY_TIMEOUT_MS = 20;
const BUSY_TRIES = 60;
const BUSY_PAUSE_MS = { from: 20, to: 80 };

const PRAGMAS = ['journal_mode = WAL', 'synchronous = NORMAL', 'foreign_keys = ON'] as const;

/**
 * Opens (or makes) the file and its folder. Several processes may open it at once.
 * @throws Unavailable, naming the file and what to do
 */
export async function openSqliteStore(file: string): Promise<LedgerStore> {
  const database = await patiently(file, () => Promise.resolve(open(file)));
  const db: Db = new Kysely<LedgerTables>({ dialect: new ImmediateSqliteDialect(database) });
  let closed = false;
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    if (closed)
      throw new TidegateFailure('Unavailable', `The ledger file ${file} was closed by this process.`, { file });
    return patiently(file, work);
  };
  return {
    read: (work) => guarded(() => work(db)),
    write: (work) => guarded(() => db.transaction().execute(work)),
    alone: () => Promise.resolve(), // every writer is: its transaction begins with the file's one write lock
    close: async () => {
      closed = true;
      await db.destroy();
      if (database.open) database.close(); // kysely closes only what it has used
    },
  };
}

function open(file: string): Database.Database {
  mkdirSync(dirname(file), { recursive: true });
  const database = new Database(file);
  try {
    database.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`);
    for (const pragma of PRAGMAS) database.pragma(pragma);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * Two traps. A transaction that begins as a reader and then writes is refused when another process wrote in between, so
 * it begins as a writer. And a prepared statement that was refused as busy stays "in progress" with libsql until it is
 * collected, which fails every later commit, so `begin` goes by `exec`, which leaves no statement behind.
 */
class ImmediateSqliteDriver extends SqliteDriver {
  constructor(private readonly database: Database.Database) {
    super({ database });
  }
  override beginTransaction(): Promise<void> {
    return this.execute('begin immediate');
  }
  override commitTransaction(): Promise<void> {
    return this.execute('commit');
  }
  override rollbackTransaction(): Promise<void> {
    return this.execute('rollback');
  }
  private execute(statement: string): Promise<void> {
    return new Promise((resolve) => {
      this.database.exec(statement);
      resolve();
    });
  }
}

class ImmediateSqliteDialect extends SqliteDialect {
  constructor(private readonly database: Database.Database) {
    super({ database });
  }
  override createDriver(): Driver {
    return new ImmediateSqliteDriver(this.database);
  }
}

/** Runs the work, again while another process holds the file; what the driver throws becomes `Unavailable`. */
async function patiently<T>(file: string, work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (error instanceof TidegateFailure) throw error;
      if (!isBusy(error) || tries === BUSY_TRIES) throw unavailable(file, error);
      await setTimeout(BUSY_PAUSE_MS.from + Math.random() * (BUSY_PAUSE_MS.to - BUSY_PAUSE_MS.from));
    }
  }
}

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : '';

const isBusy = (error: unknown): boolean => /^SQLITE_(BUSY|LOCKED)/.test(codeOf(error));

function unavailable(file: string, error: unknown): TidegateFailure {
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  const sentence = `The ledger file ${file} cannot be used (${message.trim()}). ${adviceFor(code)}`;
  const failure = new TidegateFailure('Unavailable', sentence, { file, code });
  failure.cause = error;
  return failure;
}

function adviceFor(code: string): string {
  if (/^SQLITE_(BUSY|LOCKED)/.test(code)) return 'Another process holds it: wait, or end the process that does.';
  if (code.startsWith('SQLITE_FULL')) return 'The disk is full: free some space.';
  if (/^SQLITE_(NOTADB|CORRUPT)/.test(code)) return 'It is no intact SQLite file: put a backup in its place.';
  if (code.startsWith('SQLITE_READONLY')) return 'This user may not write to it: mend its owner or mode.';
  return 'Look whether its folder exists, this user may write there and the disk has space.';
}

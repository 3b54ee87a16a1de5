/** A PostgreSQL server of our own, on loopback, for the topology without Docker, the tests, the faults and the bench. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Client } from 'pg';
import { processVariables } from '../config/process-env';
import { TidegateFailure } from '../domain/failures';
import { onPath } from '../temporal/command';
import { freePort, LOOPBACK } from '../temporal/ports';
import { findPostgres, serverIdentity, type Identity, type PostgresPrograms } from './postgres-programs';
import { childrenOf, endAll, hasEnded, untilEnded } from './processes';

/** The owner of every database of this server. */
const USER = 'tidegate';
const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 10_000;
const TRIES = 3;

/** Settings as in postgresql.conf: `{ fsync: 'off', max_connections: '5' }`. */
export type PostgresSettings = Readonly<Record<string, string>>;

export interface PostgresOptions {
  /** Holds `data`, `password` and `postgres.log`; made when missing, and given to PostgreSQL's user when we are root. */
  readonly folder: string;
  /** By default any free port; it stays the same through restarts. */
  readonly port?: number;
  readonly settings?: PostgresSettings;
}

export interface Postgres {
  readonly port: number;
  /** Address of a database, with the password: not for a log. */
  url(database: string): string;
  /** Makes the database unless it is there; answers its address. */
  createDatabase(name: string): Promise<string>;
  /** Ends it in order: sessions are cut off, the data is checkpointed. */
  stop(): Promise<void>;
  /** SIGKILL to the server and every process of it, as when a host dies. */
  kill(): Promise<void>;
  /** Starts it again after `stop` or `kill` (a running one is stopped first), with other settings when given. */
  restart(settings?: PostgresSettings): Promise<void>;
}

interface Place {
  readonly folder: string;
  readonly programs: PostgresPrograms;
  readonly identity: Identity;
  readonly password: string;
}

/**
 * Starts a server on the folder's data, which is made at the first start. It listens on loopback only, asks for a
 * password, and ends with the process that started it (on Linux).
 * @throws TidegateFailure Unavailable: no PostgreSQL here, with the package to install; or why it did not start
 */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const place = await prepare(resolve(options.folder));
  let settings = options.settings ?? {};
  const started = await startSomewhere(place, options.port ?? null, settings);
  const { port } = started;
  let { server } = started;
  const url = (database: string): string => `postgres://${USER}:${place.password}@${LOOPBACK}:${port}/${database}`;
  const stop = (): Promise<void> => stopServer(server);
  return {
    port,
    url,
    createDatabase: (name) => createDatabase(url, name),
    stop,
    kill: () => killServer(server),
    async restart(changed) {
      await stop();
      settings = changed ?? settings;
      server = await start(place, port, settings);
    },
  };
}

async function prepare(folder: string): Promise<Place> {
  const programs = await findPostgres(processVariables());
  const identity = serverIdentity(folder);
  mkdirSync(folder, { recursive: true });
  give(folder, identity);
  const passwordFile = join(folder, 'password');
  if (!existsSync(join(folder, 'data', 'PG_VERSION'))) await initialise(folder, passwordFile, programs, identity);
  return { folder, programs, identity, password: readFileSync(passwordFile, 'utf8').trim() };
}

async function initialise(
  folder: string,
  passwordFile: string,
  programs: PostgresPrograms,
  identity: Identity,
): Promise<void> {
  const data = join(folder, 'data');
  rmSync(data, { recursive: true, force: true }); // a half-made one
  writeFileSync(passwordFile, `${randomBytes(18).toString('base64url')}\n`, { mode: 0o600 });
  give(passwordFile, identity);
  const access = ['--username', USER, '--auth', 'scram-sha-256', '--pwfile', passwordFile];
  const args = ['--pgdata', data, ...access, '--encoding', 'UTF8', '--locale', 'C', '--no-sync'];
  const child = spawnLogged(folder, programs.initdb, args, identity);
  await untilEnded(child);
  if (child.exitCode !== 0) throw notStarted(folder, 'initdb could not make its data');
}

function give(path: string, { uid, gid }: Identity): void {
  if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid);
}

/** A port can be lost between asking for it and using it, so an early end is tried again on another one. */
async function startSomewhere(
  place: Place,
  wanted: number | null,
  settings: PostgresSettings,
): Promise<{ readonly server: ChildProcess; readonly port: number }> {
  for (let attempt = 1; ; attempt += 1) {
    const port = wanted ?? (await freePort(null));
    try {
      return { server: await start(place, port, settings), port };
    } catch (error) {
      if (wanted !== null || attempt === TRIES) throw error;
    }
  }
}

async function start(place: Place, port: number, settings: PostgresSettings): Promise<ChildProcess> {
  const { folder, programs, identity } = place;
  const own = { listen_addresses: LOOPBACK, port: String(port), unix_socket_directories: '' };
  const args = Object.entries({ ...settings, ...own }).flatMap(([name, value]) => ['-c', `${nameOf(name)}=${value}`]);
  const server = spawnLogged(folder, programs.postgres, ['-D', join(folder, 'data'), ...args], identity);
  server.unref();
  const address = `postgres://${USER}:${place.password}@${LOOPBACK}:${port}/postgres`;
  for (const giveUpAt = Date.now() + START_LIMIT_MS; ;) {
    if (hasEnded(server)) throw notStarted(folder, 'the server ended while it started');
    if (await answers(address)) return server;
    if (Date.now() > giveUpAt) {
      await killServer(server);
      throw notStarted(folder, 'the server did not answer within a minute');
    }
    await wait(25);
  }
}

function nameOf(setting: string): string {
  if (/^[a-z][a-z0-9_.]{0,62}$/.test(setting)) return setting;
  throw new TidegateFailure('BadPlan', `${JSON.stringify(setting)} is not a name of a PostgreSQL setting.`);
}

/** SIGQUIT when our process dies: the server then takes all its processes along, and its data recovers at the next start. */
function spawnLogged(folder: string, program: string, args: readonly string[], identity: Identity): ChildProcess {
  const variables = processVariables();
  const setpriv = process.platform === 'linux' ? onPath(variables, 'setpriv') : null;
  const command = setpriv ?? program;
  const rest = setpriv === null ? args : ['--pdeathsig', 'QUIT', '--', program, ...args];
  const log = openSync(join(folder, 'postgres.log'), 'a', 0o600);
  try {
    const child = spawn(command, rest, {
      ...identity,
      cwd: folder,
      detached: true, // Ctrl-C reaches us first, and what uses the database ends before it
      stdio: ['ignore', log, log],
      env: { PATH: variables.PATH, LC_ALL: 'C', TZ: 'UTC' },
    });
    child.once('error', () => undefined); // seen as an early end
    return child;
  } finally {
    closeSync(log);
  }
}

async function answers(address: string): Promise<boolean> {
  const client = new Client({ connectionString: address, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function createDatabase(url: (database: string) => string, name: string): Promise<string> {
  const client = new Client({ connectionString: url('postgres') });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const there = await client.query('select 1 from pg_database where datname = $1', [name]);
    if (there.rowCount === 0) await client.query(`create database ${client.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
  return url(name);
}

async function stopServer(server: ChildProcess): Promise<void> {
  if (hasEnded(server)) return;
  server.kill('SIGINT'); // "fast": no new sessions, open ones are cut off
  const limit = setTimeout(() => server.kill('SIGQUIT'), STOP_LIMIT_MS);
  await untilEnded(server);
  clearTimeout(limit);
}

/** Each process of a session leads a group of its own, so they are looked up while the server is held still. */
async function killServer(server: ChildProcess): Promise<void> {
  if (hasEnded(server) || server.pid === undefined) return;
  server.kill('SIGSTOP');
  const sessions = childrenOf(server.pid);
  server.kill('SIGKILL');
  await Promise.all([untilEnded(server), endAll(sessions)]);
}

function notStarted(folder: string, what: string): TidegateFailure {
  const log = join(folder, 'postgres.log');
  const lastWords = existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n').slice(-3).join(' | ') : '(none)';
  return new TidegateFailure(
    'Unavailable',
    `PostgreSQL in ${folder}: ${what}. Its last words: ${lastWords.slice(0, 1_000)}. The whole log is ${log}.`,
    { folder },
  );
}

/** Finds or builds Temporal's production server and its schema tool, of the version that the compose file names. */
import { existsSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cacheDir, cacheEntry, type Environment } from '../temporal/cache';
import { isExecutable, onPath, runCommand } from '../temporal/command';
import { goInstall } from '../temporal/go-install';
import { climb, firstLine, found, type Found, type Missing, missing, type Say, type Step } from '../temporal/ladder';

export const SERVER_VERSION = '1.32.1';
const MODULE = 'go.temporal.io/server';
const PACKAGES = ['cmd/server', 'cmd/tools/sql'].map((path) => `${MODULE}/${path}@v${SERVER_VERSION}`);
const WHAT = `Temporal server ${SERVER_VERSION}`;
const CACHE_ENTRY = `temporal-server-${SERVER_VERSION}`;
/** The names that the official images give them. */
const SERVER = 'temporal-server';
const SQL_TOOL = 'temporal-sql-tool';
const ADVICE =
  'Install Go (https://go.dev/dl), or set TEMPORAL_SERVER to a folder with temporal-server and temporal-sql-tool.';

/** A folder with `temporal-server` and `temporal-sql-tool` in it: TEMPORAL_SERVER → our cache → `go install`. @throws NothingFound */
export async function obtainServer(env: Environment, say: Say): Promise<string> {
  const { value, source } = await climb(WHAT, steps(env, say), say, ADVICE);
  say(`${WHAT}: using ${value} (${source}).`);
  return value;
}

function steps(env: Environment, say: Say): Step<string>[] {
  return [
    { name: 'TEMPORAL_SERVER', attempt: () => fromVariable(env) },
    { name: 'our cached copy', attempt: () => checked(join(cacheDir(env), CACHE_ENTRY), env) },
    { name: `go install ${PACKAGES.join(' ')}`, attempt: () => fromGo(env, say) },
  ];
}

/** Names the folder, or the server in it. */
async function fromVariable(env: Environment): Promise<Found<string> | Missing> {
  const named = env.TEMPORAL_SERVER;
  if (!named) return missing('not set');
  return checked(isExecutable(named) ? dirname(named) : named, env);
}

async function fromGo(env: Environment, say: Say): Promise<Found<string> | Missing> {
  const go = onPath(env, 'go');
  if (go === null) return missing('Go is not on PATH');
  say(`${WHAT}: building it with ${go} install; this takes four minutes or more, once.`);
  try {
    const entry = await cacheEntry(env, CACHE_ENTRY, async (folder) => {
      await goInstall({ go, packages: PACKAGES, folder, what: WHAT, env, say });
      renameSync(join(folder, 'server'), join(folder, SERVER));
      renameSync(join(folder, 'sql'), join(folder, SQL_TOOL));
    });
    return await checked(entry, env);
  } catch (error) {
    return missing(firstLine(error));
  }
}

async function checked(folder: string, env: Environment): Promise<Found<string> | Missing> {
  if (!existsSync(folder)) return missing(`${folder} is not there`);
  for (const program of [SERVER, SQL_TOOL])
    if (!isExecutable(join(folder, program))) return missing(`${join(folder, program)} is not an executable file`);
  const { tail } = await runCommand(join(folder, SERVER), ['--version'], { env, timeoutMs: 10_000 });
  return tail.includes(`version ${SERVER_VERSION}`)
    ? found(folder)
    : missing(`${folder} holds another version: ${tail.split('\n')[0] ?? 'no answer'}`);
}

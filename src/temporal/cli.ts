import { join } from 'node:path';
import { cacheDir, cacheEntry, type Environment } from './cache';
import { isExecutable, onPath, runCommand } from './command';
import { goInstall } from './go-install';
import { climb, firstLine, found, type Found, type Missing, missing, type Say, type Step } from './ladder';
import { downloadExecutable } from './sdk-download';

const CLI_PACKAGE = 'github.com/temporalio/cli/cmd/temporal@v1.5.1';
const CACHE_ENTRY = 'temporal-cli';
const MINUTE = 60_000;

export interface Executable {
  readonly path: string;
  readonly source: string;
}

/** Finds or obtains Temporal's command line, which carries the dev server; the order is the one of the first-run contract. */
export async function findCli(env: Environment, say: Say): Promise<Executable> {
  const { value, source } = await climb('Temporal dev server', steps(env, say), say, ADVICE);
  say(`Temporal dev server: using ${value} (${source}).`);
  return { path: value, source };
}

const ADVICE =
  'Install the Temporal CLI (https://docs.temporal.io/cli) or Go, or set TEMPORAL_CLI to its path, or TEMPORAL_ADDRESS to a running server.';

function steps(env: Environment, say: Say): Step<string>[] {
  return [
    { name: 'TEMPORAL_CLI', attempt: () => fromVariable(env) },
    { name: 'temporal on PATH', attempt: () => fromPath(env) },
    { name: 'our cached copy', attempt: () => fromCache(env) },
    { name: "the SDK's official download", attempt: () => fromDownload(env, say) },
    { name: `go install ${CLI_PACKAGE}`, attempt: () => fromGo(env, say) },
  ];
}

async function fromVariable(env: Environment): Promise<Found<string> | Missing> {
  if (!env.TEMPORAL_CLI) return missing('not set');
  return checked(env.TEMPORAL_CLI, env);
}

async function fromPath(env: Environment): Promise<Found<string> | Missing> {
  const path = onPath(env, 'temporal');
  return path === null ? missing('not there') : checked(path, env);
}

async function fromCache(env: Environment): Promise<Found<string> | Missing> {
  const path = join(cacheDir(env), CACHE_ENTRY, 'temporal');
  return isExecutable(path) ? checked(path, env) : missing(`none in ${cacheDir(env)}`);
}

async function fromDownload(env: Environment, say: Say): Promise<Found<string> | Missing> {
  say('Temporal dev server: asking temporal.download for it …');
  return downloadExecutable({ kind: 'dev-server', env, entry: CACHE_ENTRY, fileName: 'temporal' });
}

async function fromGo(env: Environment, say: Say): Promise<Found<string> | Missing> {
  const go = onPath(env, 'go');
  if (go === null) return missing('Go is not on PATH');
  say(`Temporal dev server: building it with ${go} install ${CLI_PACKAGE}; this takes about two minutes, once.`);
  try {
    const entry = await cacheEntry(env, CACHE_ENTRY, (folder) =>
      goInstall({ go, packages: [CLI_PACKAGE], folder, what: 'Temporal dev server', env, say }),
    );
    return await checked(join(entry, 'temporal'), env);
  } catch (error) {
    return missing(firstLine(error));
  }
}

async function checked(path: string, env: Environment): Promise<Found<string> | Missing> {
  if (!isExecutable(path)) return missing(`${path} is not an executable file`);
  const { code, tail } = await runCommand(path, ['--version'], { env, timeoutMs: MINUTE });
  return code === 0 && /\btemporal version\b/i.test(tail)
    ? found(path)
    : missing(`${path} --version does not answer like Temporal's command line`);
}

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from './cache';
import { onPath } from './command';
import type { Say } from './ladder';
import { freePort, isListening, LOOPBACK } from './ports';
import { prepare, type TemporalPlace } from './probe';
import { tunedArguments } from './tuned';

const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 10_000;
const TRIES = 3;

export interface DevServerOptions {
  readonly cli: string;
  /** Holds the database `temporal.db` and the output `temporal.log`; made when missing. */
  readonly stateDir: string;
  readonly namespace: string;
  /** null = any free port. */
  readonly port: number | null;
  readonly ui: boolean;
  /** Keyword search attributes that exist from the start. */
  readonly searchAttributes: readonly string[];
  readonly env: Environment;
  readonly say: Say;
}

export interface DevServer {
  readonly place: TemporalPlace;
  readonly uiUrl: string | null;
  readonly stop: () => Promise<void>;
}

interface Ports {
  readonly server: number;
  readonly ui: number | null;
}

/**
 * Starts Temporal's dev server with the tuned settings and its state on disk.
 * A port can be lost between asking for it and using it, so a start that ends early is tried again on other ports.
 */
export async function startDevServer(options: DevServerOptions): Promise<DevServer> {
  mkdirSync(options.stateDir, { recursive: true });
  for (let attempt = 1; ; attempt += 1) {
    const ports = await choosePorts(options, attempt);
    const child = launch(options, ports);
    const stop = (): Promise<void> => end(child);
    const place = { address: `${LOOPBACK}:${ports.server}`, namespace: options.namespace, options: {} };
    try {
      await untilReady(place, ports.server, child);
      return { place, uiUrl: ports.ui === null ? null : `http://${LOOPBACK}:${ports.ui}`, stop };
    } catch (error) {
      await stop();
      const reason = `${(error as Error).message} Its last words: ${lastWords(options.stateDir)}`;
      if (attempt === TRIES) throw new Error(reason, { cause: error });
      options.say(`Temporal dev server: ${reason} Trying other ports (${attempt + 1} of ${TRIES}).`);
    }
  }
}

async function choosePorts(options: DevServerOptions, attempt: number): Promise<Ports> {
  const wanted = attempt === 1 ? options.port : null;
  const server = await freePort(wanted);
  if (wanted !== null && server !== wanted)
    options.say(`Temporal dev server: port ${wanted} is taken, using ${server}.`);
  if (!options.ui) return { server, ui: null };
  const wantedUi = server + 1000 <= 65_535 ? server + 1000 : null;
  const ui = await freePort(wantedUi);
  if (wanted !== null && wantedUi !== null && ui !== wantedUi)
    options.say(`Temporal UI: port ${wantedUi} is taken, using ${ui}.`);
  return { server, ui };
}

function launch(options: DevServerOptions, ports: Ports): ChildProcess {
  const command = diesWithParent(options.env, [options.cli, ...serverArguments(options, ports)]);
  const log = openSync(join(options.stateDir, 'temporal.log'), 'a');
  try {
    // Its own process group: Ctrl-C reaches us first, and the workers leave before the server does.
    const child = spawn(command[0] ?? options.cli, command.slice(1), {
      detached: true,
      stdio: ['ignore', log, log],
      env: withoutTemporalVariables(options.env),
    });
    child.once('error', () => undefined); // seen by untilReady as an early end
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
}

function serverArguments(options: DevServerOptions, ports: Ports): string[] {
  return [
    'server',
    'start-dev',
    ...['--ip', LOOPBACK, '--port', String(ports.server)],
    ...(ports.ui === null ? ['--headless'] : ['--ui-port', String(ports.ui)]),
    ...['--db-filename', join(options.stateDir, 'temporal.db')],
    ...['--namespace', options.namespace, '--log-level', 'warn'],
    ...options.searchAttributes.flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
    ...tunedArguments(),
  ];
}

/** On Linux the kernel ends the server when we are killed (the database survives that); elsewhere only `stop` does. */
function diesWithParent(env: Environment, command: readonly string[]): readonly string[] {
  const setpriv = process.platform === 'linux' ? onPath(env, 'setpriv') : null;
  return setpriv === null ? command : [setpriv, '--pdeathsig', 'KILL', '--', ...command];
}

/** The caller's client settings must not reach the server's own clients. */
function withoutTemporalVariables(env: Environment): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('TEMPORAL_')));
}

async function untilReady(place: TemporalPlace, port: number, child: ChildProcess): Promise<void> {
  const giveUpAt = Date.now() + START_LIMIT_MS;
  for (;;) {
    if (hasEnded(child))
      throw new Error(`The dev server ended with ${child.exitCode ?? child.signalCode ?? 'an error'}.`);
    try {
      if (await isListening(port)) {
        await prepare(place, 1_000);
        return;
      }
    } catch (error) {
      if (Date.now() > giveUpAt) throw error;
    }
    if (Date.now() > giveUpAt) throw new Error('The dev server did not answer within a minute.');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  signalGroup(child, 'SIGTERM');
  const limit = setTimeout(() => signalGroup(child, 'SIGKILL'), STOP_LIMIT_MS);
  await ended;
  clearTimeout(limit);
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // already gone
  }
}

const hasEnded = (child: ChildProcess): boolean =>
  child.pid === undefined || child.exitCode !== null || child.signalCode !== null;

function lastWords(stateDir: string): string {
  return readFileSync(join(stateDir, 'temporal.log'), 'utf8').trimEnd().split('\n').slice(-3).join(' | ') || '(none)';
}

/** Runs one service of the compose file as a process: its files, its restarts, its health, its end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { onPath, runCommand } from '../temporal/command';
import type { Plan } from './plan';
import { hasEnded, untilEnded } from './processes';

const HEALTHY_WITHIN_MS = 120_000;
const LOOK_EVERY_MS = 250;
const RESTART_AFTER_MS = 1_000;
const TRIES = 5;
/** As `stop_grace_period` says. */
const STOP_LIMIT_MS = 30_000;

export interface Container {
  readonly name: string;
  /** SIGKILL, once; it is started again when the compose file says so. */
  kill(): void;
  /** SIGTERM, and SIGKILL after the grace; it stays down. Harmless when repeated. */
  stop(): Promise<void>;
  /** @throws Error with its last words, when it ended or does not get ready in time */
  untilHealthy(isHealthy?: () => Promise<boolean>): Promise<void>;
}

/** Starts a service that stays. Its output goes to `<logs>/<name>.log`. */
export function startContainer(plan: Plan, logs: string, signal: AbortSignal): Container {
  furnish(plan);
  let stopped = false;
  let child = launch(plan, logs);
  const keep = async (): Promise<void> => {
    for (;;) {
      await untilEnded(child);
      if (stopped || !plan.restarts) return;
      await wait(RESTART_AFTER_MS);
      // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- stopped while it waited
      if (stopped) return;
      child = launch(plan, logs);
    }
  };
  const kept = keep();
  const isReady = async (): Promise<boolean> => {
    const [program = '', ...args] = plan.health ?? [];
    return (await runCommand(program, args, { env: plan.env, timeoutMs: 10_000 })).code === 0;
  };
  return {
    name: plan.name,
    kill: () => void child.kill('SIGKILL'),
    async stop() {
      stopped = true;
      child.kill('SIGTERM');
      const limit = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
      await kept;
      clearTimeout(limit);
    },
    async untilHealthy(isHealthy = isReady) {
      for (const giveUpAt = Date.now() + HEALTHY_WITHIN_MS; Date.now() < giveUpAt;) {
        signal.throwIfAborted();
        if (hasEnded(child)) throw new Error(`${plan.name} ended at its start. ${lastWords(plan, logs)}`);
        if (await isHealthy()) return;
        await wait(LOOK_EVERY_MS);
      }
      throw new Error(`${plan.name} was not healthy within two minutes. ${lastWords(plan, logs)}`);
    },
  };
}

/** Runs a service that does its work and ends, again when it fails (`restart: on-failure:5`). @throws Error with its last words */
export async function runToCompletion(plan: Plan, logs: string, signal: AbortSignal): Promise<void> {
  furnish(plan);
  for (let attempt = 1; attempt <= TRIES; attempt += 1) {
    const child = launch(plan, logs);
    const end = (): void => endGroup(child);
    const limit = setTimeout(end, HEALTHY_WITHIN_MS);
    signal.addEventListener('abort', end);
    await untilEnded(child);
    clearTimeout(limit);
    signal.removeEventListener('abort', end);
    if (child.exitCode === 0) return;
    signal.throwIfAborted();
    await wait(RESTART_AFTER_MS);
  }
  throw new Error(`${plan.name} failed ${TRIES} times. ${lastWords(plan, logs)}`);
}

/** A script with whatever it waits for. */
function endGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

/** Lays out what the container would mount. The links are made anew, so that nothing of an older file stays reachable. */
function furnish({ root, links, volumes }: Plan): void {
  rmSync(root, { recursive: true, force: true });
  for (const folder of [root, ...volumes]) mkdirSync(folder, { recursive: true });
  for (const { at, to } of links) {
    mkdirSync(dirname(at), { recursive: true });
    symlinkSync(to, at);
  }
}

function launch({ name, command, env, root }: Plan, logs: string): ChildProcess {
  // On Linux the kernel ends it when we are killed; scripts that it started have their own runner and go on.
  const setpriv = process.platform === 'linux' ? onPath(env, 'setpriv') : null;
  const [program = '', ...args] = setpriv === null ? command : [setpriv, '--pdeathsig', 'TERM', '--', ...command];
  mkdirSync(logs, { recursive: true });
  const log = openSync(logOf(name, logs), 'a', 0o600);
  try {
    // Its own process group: Ctrl-C reaches us first, and the roles end before what they need.
    const child = spawn(program, args, { cwd: root, env, detached: true, stdio: ['ignore', log, log] });
    child.once('error', () => undefined); // seen as an early end
    return child;
  } finally {
    closeSync(log);
  }
}

const logOf = (name: string, logs: string): string => join(logs, `${name}.log`);

function lastWords({ name }: Plan, logs: string): string {
  const log = logOf(name, logs);
  const words = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-3).join(' | ');
  return `Its last words: ${words.slice(0, 1_000) || '(none)'}. The whole log is ${log}.`;
}

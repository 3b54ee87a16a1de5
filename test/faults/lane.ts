/** A lane as the harness sees it: a process that runs cases, in namespaces of its own where the kernel allows it. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { CaseResult } from './case';
import type { FromLane, LanePlan, ToLane } from './messages';
import type { CaseSpec } from './plan';

export interface Lane {
  run(spec: CaseSpec): Promise<CaseResult>;
  end(): Promise<void>;
  /** At once, with everything in its namespaces. */
  kill(): void;
}

const CHILD = [join(__dirname, '../support/run-typescript.cjs'), require.resolve('./lane-child')];
const NAMESPACES = ['--net', '--pid', '--mount', '--mount-proc', '--fork', '--kill-child'];
/** A shell in front of it collects what dies without a parent, as the first process of a machine does. */
const FIRST_PROCESS = 'ip link set lo up && [ "$(ss -ltnH 2>/dev/null | wc -l)" = 0 ] && "$@"; exit $?';

const END_LIMIT_MS = 20_000;

/** Whether lanes get a network and a process table of their own here. */
export function canIsolate(): boolean {
  const tried = spawnSync('unshare', [...NAMESPACES, '/bin/sh', '-c', FIRST_PROCESS, 'sh', 'true'], {
    stdio: 'ignore',
  });
  return tried.status === 0;
}

export async function openLane(plan: LanePlan, isolated: boolean): Promise<Lane> {
  const node = [process.execPath, ...CHILD];
  const command = isolated ? ['unshare', ...NAMESPACES, '/bin/sh', '-c', FIRST_PROCESS, 'sh', ...node] : node;
  const child = spawn(command[0] ?? '', command.slice(1), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const ended = once(child, 'exit').then(() => Promise.reject(new Error('the lane ended without an answer')));
  ended.catch(() => undefined);
  const ask = (question: ToLane): Promise<FromLane> => asked(child, ended, question);
  await ask({ plan });
  return {
    async run(spec) {
      const answer = await ask({ run: spec });
      if ('result' in answer) return answer.result;
      throw new Error('the lane answered something else');
    },
    kill: () => void child.kill('SIGKILL'),
    async end() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      if (child.connected) child.send({ end: true } satisfies ToLane);
      const limit = setTimeout(() => child.kill('SIGKILL'), END_LIMIT_MS);
      await gone;
      clearTimeout(limit);
    },
  };
}

/** @throws what the lane says went wrong, or that it ended */
async function asked(child: ChildProcess, ended: Promise<never>, question: ToLane): Promise<FromLane> {
  const answer = once(child, 'message') as Promise<[FromLane]>;
  child.send(question);
  const [said] = await Promise.race([answer, ended]);
  if ('failed' in said) throw new Error(said.failed);
  return said;
}

import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createScriptDeployer } from '../../src/drivers/script/deployer';
import type { ScriptDeployerOptions } from '../../src/drivers/script/options';
import type { ActHooks, Deployer, DeployOrder, LogLine } from '../../src/ports/deployer';
import { temporaryFolder } from './temporary-folder';

/** What another process needs to build the same deployer. */
export interface YardPlan {
  readonly root: string;
  readonly script: string;
  readonly hostEnv: Readonly<Record<string, string | undefined>>;
  readonly more: Partial<ScriptDeployerOptions>;
}

export const OLD = { version: '1.4.2', sha: 'a'.repeat(40) };
export const NEW = { version: '1.4.3', sha: 'b'.repeat(40) };

/** A deployer whose every commit holds the one script, with figures made for tests. */
export function deployerIn(plan: YardPlan): Deployer {
  return createScriptDeployer({
    service: 'shop',
    env: 'prod',
    host: 'host-1',
    script: 'scripts/deploy.sh',
    scriptFrom: null,
    checkout: async (sha, folder) => {
      await mkdir(join(folder, 'scripts'), { recursive: true });
      await writeFile(join(folder, 'scripts/deploy.sh'), plan.script);
      await chmod(join(folder, 'scripts/deploy.sh'), 0o755);
      await writeFile(join(folder, 'commit'), sha);
      await writeFile(join(folder, '.env.example'), 'EFFECTS=\n');
    },
    resolve: async () => null,
    workDir: join(plan.root, 'work'),
    envFile: join(plan.root, 'env'),
    envTemplate: '.env.example',
    url: 'http://127.0.0.1:9',
    versionPath: null,
    hostEnv: plan.hostEnv,
    ...plan.more,
    tuning: { killGraceMs: 500, pollMs: 20, statusTimeoutMs: 5_000, checkTimeoutMs: 5_000, ...plan.more.tuning },
  });
}

export interface RecordingHooks extends ActHooks {
  readonly lines: LogLine[];
}

export function createHooks(signal: AbortSignal = new AbortController().signal): RecordingHooks {
  const lines: LogLine[] = [];
  return {
    lines,
    heartbeat: () => undefined,
    log: async (more) => void lines.push(...more),
    signal,
    now: () => Date.now(),
  };
}

export function orderOf(more: Partial<DeployOrder> = {}): DeployOrder {
  return {
    deployment: 'shop-prod-1',
    fence: 1,
    attempt: 1,
    strategy: 'all-at-once',
    to: NEW,
    previous: OLD,
    act: 'deploy',
    idleTimeoutMs: 60_000,
    timeoutMs: 60_000,
    ...more,
  };
}

export function isRunning(pid: number): boolean {
  if (!existsSync(`/proc/${pid}/stat`)) return false;
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return !['Z', 'X'].includes(stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3));
}

/** Waits for what must come; a test that waits in vain ends by jest's own limit. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(10);
}

export interface Yard {
  readonly root: string;
  plan(script: string, more?: Partial<ScriptDeployerOptions>): YardPlan;
  deployer(script: string, more?: Partial<ScriptDeployerOptions>): Deployer;
  /** What scripts wrote down by `echo … >>"$EFFECTS"`, line by line. */
  effects(): Promise<readonly string[]>;
  /** Numbers of the effect lines `name=<pid>`. */
  pids(name: string): Promise<readonly number[]>;
  setEnvFile(lines: readonly string[]): Promise<void>;
  /** A file of a job. */
  jobFile(job: string, name: string): string;
  /** A process in a group of its own that acts on an order as a worker would. */
  follower(plan: YardPlan, order: DeployOrder): ChildProcess;
  /** Waits until nothing of the yard runs any more; what is left after a while is named. */
  settled(): Promise<readonly number[]>;
  /** Kills what a test left on purpose, removes the folder. Returns the processes that nobody meant to leave. */
  end(): Promise<readonly number[]>;
}

/** A folder with an environment file, in which real scripts act. */
export async function makeYard(): Promise<Yard> {
  const root = await temporaryFolder();
  const effectsFile = join(root, 'effects');
  const setEnvFile = (lines: readonly string[]): Promise<void> =>
    writeFile(join(root, 'env'), [`EFFECTS=${effectsFile}`, ...lines].join('\n'));
  await writeFile(effectsFile, '');
  await setEnvFile([]);
  const effects = async (): Promise<readonly string[]> =>
    (await readFile(effectsFile, 'utf8')).split('\n').filter((line) => line !== '');
  const plan = (script: string, more: Partial<ScriptDeployerOptions> = {}): YardPlan => ({
    root,
    script: `#!/usr/bin/env bash\n${script}`,
    hostEnv: { PATH: process.env.PATH, HOME: process.env.HOME },
    more,
  });
  const pids = async (name: string): Promise<readonly number[]> =>
    (await effects()).flatMap((line) => (line.startsWith(`${name}=`) ? [Number(line.slice(name.length + 1))] : []));
  return {
    root,
    plan,
    deployer: (script, more) => deployerIn(plan(script, more)),
    effects,
    pids,
    setEnvFile,
    jobFile: (job, name) => join(root, 'work/shop/prod/jobs', job, name),
    follower: (of, order) =>
      spawn(
        process.execPath,
        [
          join(__dirname, 'run-typescript.cjs'),
          require.resolve('./script-follower'),
          JSON.stringify({ plan: of, order }),
        ],
        { stdio: 'inherit', detached: true },
      ),
    settled: () => lasting(root),
    async end() {
      for (const pid of await pids('service')) if (isRunning(pid)) process.kill(pid, 'SIGKILL');
      const left = await lasting(root);
      for (const pid of left) process.kill(pid, 'SIGKILL');
      await rm(root, { recursive: true, force: true });
      return left;
    },
  };
}

/** Processes that have to do with a yard, by their command line or their working folder. */
async function processesOf(root: string): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const ours = await Promise.all(
    pids.map(async (pid) => {
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
      return command.includes(root) || environment.includes(root);
    }),
  );
  return pids.filter((pid, index) => ours[index] === true && pid !== process.pid && isRunning(pid));
}

/** Those that are still there after a moment: the others were about to end. */
async function lasting(root: string): Promise<readonly number[]> {
  for (let look = 0; look < 150; look += 1) {
    if ((await processesOf(root)).length === 0) return [];
    await sleep(20);
  }
  return processesOf(root);
}

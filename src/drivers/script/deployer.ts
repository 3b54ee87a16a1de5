/** The deployer of the script contract (4-interfaces §3): checks, acts or adopts, stops, observes. */
import type { Check } from '../../domain/deployment';
import { TidegateFailure } from '../../domain/failures';
import type { ActHooks, Deployer, DeployOrder, NumberedAct, Observation } from '../../ports/deployer';
import { removeOld } from './checkout';
import { createRedactor, readEnvFile, scriptVariables, type SwitchGuard, type Variables } from './environment';
import { followJob, withHeartbeat, type FollowOptions } from './follow';
import { environmentFolder, jobFile, jobOf, readJob, readOrder, type Job } from './job';
import { findLockTools, type LockTools } from './lock';
import { askEndpoint, askStatus, describeObservation, observeTarget } from './observe';
import { clearHolder, endUnfinished, unfinishedJobs } from './orphans';
import { DEFAULT_TUNING, type ScriptDeployerOptions, type Tuning } from './options';
import { envFileCheck, lockCheck, previousCheck, rollbackVerbCheck, scriptCheck } from './preflight';
import { candidateFolder, findStage, presentStage, rememberPresent } from './stage';
import { retireJob } from './retire';
import { startJob } from './start';
import { actArguments } from './verbs';

const DEFAULT_PATH = '/usr/local/bin:/usr/bin:/bin';

interface Here {
  readonly options: ScriptDeployerOptions;
  readonly tuning: Tuning;
  /** Folder of the environment. */
  readonly base: string;
  readonly path: string;
}

const tools = (here: Here): Promise<LockTools> => findLockTools(here.path);

async function variablesFor(
  here: Here,
  order: DeployOrder | null,
  guard: SwitchGuard | null = null,
): Promise<Variables> {
  const { service, env, hostEnv, envFile } = here.options;
  return scriptVariables({ service, env, host: hostEnv, envFile: await readEnvFile(envFile) }, order, guard);
}

async function check(here: Here, order: DeployOrder): Promise<readonly Check[]> {
  const { envFile, envTemplate, host } = here.options;
  const folder = await candidateFolder(here.base, order, here.options);
  const always = [await envFileCheck(envFile, envTemplate, folder), lockCheck(await tools(here), host)];
  try {
    const stage = await findStage(here.base, order, here.options);
    const script = [scriptCheck(stage, await presentStage(here.base)), rollbackVerbCheck(stage)];
    // Without a readable environment file the script cannot be asked; that file's own check has failed already.
    if (always.some(({ ok }) => !ok)) return [...script, ...always];
    const variables = await variablesFor(here, order);
    return [...script, ...always, await previousCheck(stage, order, variables, here.tuning.checkTimeoutMs)];
  } catch (error) {
    if (!(error instanceof TidegateFailure) || error.kind !== 'BadPlan') throw error;
    return [{ name: 'script', ok: false, detail: error.message }, ...always];
  }
}

async function begin(here: Here, order: DeployOrder, job: Job, signal: AbortSignal): Promise<void> {
  const lock = await tools(here);
  const stage = await findStage(here.base, order, here.options);
  const args = actArguments(order, stage.script);
  const guard = { state: here.base, tool: jobFile(job, 'fenceTool'), locked: lock.flock !== null };
  const variables = await variablesFor(here, order, guard);
  await startJob({
    job,
    place: `${here.options.service}/${here.options.env} on ${here.options.host}`,
    order,
    folder: stage.folder,
    script: stage.script.path,
    args,
    variables,
    runnerPath: here.path,
    killGraceMs: here.tuning.killGraceMs,
    outputCapBytes: here.tuning.outputCapBytes,
    tools: lock,
    signal,
  });
  await rememberPresent(here.base, stage);
  // Tidying up never holds a deployment: what cannot be removed now is tried again at the next one.
  await removeOld(here.base, here.tuning.keep, [stage.folder, stage.script.path]).catch(() => undefined);
}

async function observe(here: Here): Promise<Observation> {
  const { url, versionPath } = here.options;
  const endpoint = await askEndpoint(url, versionPath, here.tuning.versionTimeoutMs);
  return observeTarget(url, endpoint, async () => {
    try {
      const variables = await variablesFor(here, null);
      return await askStatus(await presentStage(here.base), variables, here.tuning.statusTimeoutMs);
    } catch (error) {
      return { running: null, detail: error instanceof Error ? error.message : String(error) };
    }
  });
}

async function followOptions(here: Here): Promise<FollowOptions> {
  // A job may outlive its environment file: then there is nothing left to take out of its log.
  const secrets = await readEnvFile(here.options.envFile).catch(() => ({}));
  return {
    ...here.tuning,
    flock: (await tools(here)).flock,
    redact: createRedactor(secrets),
    describeTarget: async () => describeObservation(await observe(here)),
  };
}

async function ending(here: Here): Promise<Pick<FollowOptions, 'killGraceMs' | 'flock'>> {
  return { killGraceMs: here.tuning.killGraceMs, flock: (await tools(here)).flock };
}

const NO_SPACE: readonly unknown[] = ['ENOSPC', 'EDQUOT', 'EFBIG'];

/** What comes before a script may fail for want of room; then nothing was touched, and it is tried again (F42). */
async function withRoom<T>({ base, options }: Here, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (!NO_SPACE.includes(code)) throw error;
    throw new TidegateFailure(
      'Unavailable',
      `${options.host} has no space left in ${base} (${code}), so the script was not started and nothing was touched. Free some; it is tried again.`,
    );
  }
}

/** Starts the script; when the environment is taken, whoever takes it longer than is right is ended first. */
async function beginOrWait(here: Here, order: DeployOrder, job: Job, hooks: ActHooks): Promise<void> {
  try {
    await withRoom(here, () => begin(here, order, job, hooks.signal));
  } catch (error) {
    const busy = error instanceof TidegateFailure && error.kind === 'Busy';
    if (busy) await clearHolder(here.base, hooks.now(), await ending(here));
    throw error;
  }
}

async function stop(here: Here, deployment: string, act: DeployOrder['act']): Promise<void> {
  const job = jobOf(here.base, deployment, act);
  const order = await readOrder(job);
  try {
    if (order !== null) await retire(here, order);
  } finally {
    // Whatever keeps the number from being retired must not keep a script alive.
    await endUnfinished(job, { why: 'stopped' }, await ending(here));
  }
}

async function retire(here: Here, { deployment, act, fence }: NumberedAct): Promise<boolean> {
  return retireJob(jobOf(here.base, deployment, act), fence, { path: here.path, flock: (await tools(here)).flock });
}

/**
 * Puts candidates on one environment with the repository's own deploy script. The script runs under a detached runner
 * (runner.ts) that outlives this process, so `act` starts a job once and any later call, here or in another worker on
 * this host, follows it to its end. Aborting the signal ends the script and throws the signal's reason.
 *
 * In a rollback, `to` is where to go back to and `previous` the candidate that is left.
 */
export function createScriptDeployer(options: ScriptDeployerOptions): Deployer {
  const here: Here = {
    options,
    tuning: { ...DEFAULT_TUNING, ...options.tuning },
    base: environmentFolder(options.workDir, options.service, options.env),
    path: options.hostEnv.PATH ?? DEFAULT_PATH,
  };
  return {
    check: (order) => withRoom(here, () => check(here, order)),
    async act(order, hooks) {
      const job = jobOf(here.base, order.deployment, order.act);
      if ((await readJob(job)).state === 'new') {
        hooks.signal.throwIfAborted();
        await withHeartbeat(hooks, 'starting the script', () => beginOrWait(here, order, job, hooks));
      }
      return followJob(job, order, hooks, await followOptions(here));
    },
    async begun({ deployment, act }) {
      return (await readJob(jobOf(here.base, deployment, act))).state !== 'new';
    },
    retire: (order) => retire(here, order),
    unfinished: () => unfinishedJobs(here.base),
    stop: (deployment, act) => stop(here, deployment, act),
    observe: () => observe(here),
  };
}

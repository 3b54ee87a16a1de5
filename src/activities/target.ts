/** Questions to one environment: what it runs, whether it is ready, whether it works. */
import type { Check } from '../domain/deployment';
import type { DeploymentOrder } from '../domain/deployment-order';
import type { EnvironmentState, Running } from '../domain/environment';
import { environmentRef, versionTag } from '../domain/ids';
import { baseOf, normalVersion } from '../domain/version';
import { baselineOf, hasData, type Baseline } from '../domain/watch';
import type { Observation } from '../ports/deployer';
import { alive, beating, stopSignal, unlessStopped } from './context';
import { serviceOf, targetOf, type ActivityDeps } from './deps';
import type { Activities } from './index';
import { runs, sawSentence } from './step';

/** A baseline that rests on fewer samples than this says nothing. */
const LEAST_SAMPLES = 3;

async function adopt(
  deps: ActivityDeps,
  place: { readonly service: string; readonly env: string },
  seen: Observation & { readonly state: 'running' },
  at: number,
): Promise<Running | null> {
  const { source } = serviceOf(deps, place.service);
  const version = seen.version === null ? null : normalVersion(seen.version);
  if (version === null) return null;
  await source.fetch();
  const tagged = await source.resolve(`refs/tags/${versionTag(baseOf(version))}`);
  const served = seen.sha && (await source.resolve(seen.sha));
  const sha = served ?? (await source.resolve(environmentRef(place.env))) ?? tagged;
  if (sha === null) return null;
  const base = { version: baseOf(version), sha: tagged ?? sha };
  return { version, sha, base, deployment: seen.deployment, fixes: [], since: at };
}

/** What the ledger says, as long as the target does not contradict it; else what the target says. */
async function observed(deps: ActivityDeps, service: string, env: string, at: number) {
  const { deployer } = targetOf(deps, service, env);
  const known: EnvironmentState | null = await deps.ledger.environment(service, env);
  const seen = await beating(deployer.observe());
  const held = known?.running ?? null;
  const same = held !== null && (seen.state !== 'running' || runs(seen, held, held.deployment));
  const running = same ? held : seen.state === 'running' ? await adopt(deps, { service, env }, seen, at) : null;
  const said = `${same ? 'as the ledger says' : 'as the target says'}: ${sawSentence(seen)}`;
  const { nextNumber = 1, fence = 0 } = known ?? {};
  // What a live script will have made of it by its end, nobody can say now.
  const live = (await deployer.unfinished())[0];
  const source = live ? `${said}, but the ${live.act} of ${live.deployment} still runs on ${deps.host}` : said;
  return { running, source, answered: seen.state === 'running' && !live, nextNumber, fence, known };
}

interface Measured {
  readonly baseline: Baseline | null;
  /** Why there is none, where that is known. */
  readonly trouble: string | null;
}

/** What was normal before the deployment, waiting a few intervals when the source knows too little of it. */
async function measure(deps: ActivityDeps, order: DeploymentOrder): Promise<Measured> {
  const { clock } = deps;
  const { metrics } = targetOf(deps, order.service, order.env);
  const { baselineMs, everyMs, noDataMs } = order.policy.watch;
  const after = clock.now() - baselineMs;
  for (let tries = 0; ; tries += 1) {
    const until = clock.now();
    const samples = await beating(metrics.samples({ after, until, everyMs }));
    if (samples.filter(hasData).length < LEAST_SAMPLES && tries < LEAST_SAMPLES) {
      alive('baseline');
      await beating(clock.sleep(everyMs, stopSignal()));
      continue;
    }
    const last = samples.findLast(hasData)?.at;
    if (last === undefined) return { baseline: null, trouble: samples.at(-1)?.unanswered ?? null };
    // Metrics that ended before the deployment would leave its watch without any (6-faults F49).
    const silentMs = until - last;
    if (silentMs < noDataMs + everyMs) return { baseline: baselineOf(samples, after, until), trouble: null };
    return { baseline: null, trouble: `none for the last ${Math.round(silentMs / 1000)} s` };
  }
}

async function baselineCheck(
  deps: ActivityDeps,
  order: DeploymentOrder,
): Promise<{ readonly check: Check; readonly measured: Baseline | null }> {
  const name = 'baseline';
  if (order.running === null) {
    return { check: { name, ok: true, detail: 'first deployment: nothing to compare with' }, measured: null };
  }
  const { baseline: measured, trouble } = unlessStopped(await measure(deps, order));
  // X-13: missing evidence before a start stops the release in production; below, the watch goes on without it.
  const ok = measured !== null || order.policy.watch.missing === 'soft';
  const detail = measured
    ? `${measured.samples} samples from before the deployment`
    : `${order.env} shows no metrics${trouble ? ` (${trouble})` : ''}; look at watch.source in tidegate.yaml`;
  return { check: { name, ok, detail }, measured };
}

export function createTargetActivities(
  deps: ActivityDeps,
): Pick<Activities, 'observeEnvironment' | 'preflight' | 'runSmoke'> {
  return {
    observeEnvironment: (service, env, at) => observed(deps, service, env, at),
    async preflight(order) {
      const { deployer } = targetOf(deps, order.service, order.env);
      const begun = (await deps.ledger.step(order.id, 'execute')) !== null;
      const seen = await beating(deployer.observe());
      const { check, measured } = await baselineCheck(deps, order);
      const checks = [driftCheck(order, seen), rollbackCheck(order), smokeCheck(order), check];
      return { checks: begun ? [begunCheck(order)] : checks, begun, baseline: measured };
    },
    async runSmoke(order, target, deployment) {
      const { smoke } = targetOf(deps, order.service, order.env);
      return unlessStopped(await beating(smoke.run(order.policy.smoke, { ...target, deployment }, stopSignal())));
    },
  };
}

/** Does the environment run what the ledger says? Somebody may have deployed by hand (6-faults F24). */
export function driftCheck(order: DeploymentOrder, seen: Observation): Check {
  const { running, env } = order;
  const saw = sawSentence(seen);
  if (seen.state === 'unclear') {
    return {
      name: 'target',
      ok: false,
      detail: `${env} cannot be asked what it runs: ${saw}. It needs a version endpoint or deploy.sh --status.`,
    };
  }
  if (running === null) return { name: 'target', ok: true, detail: `first deployment; ${saw}` };
  if (seen.state === 'down')
    return { name: 'target', ok: true, detail: `${env} does not answer (${saw}); the ledger says ${running.version}` };
  const same = runs(seen, running, running.deployment);
  return {
    name: 'target',
    ok: same,
    detail: same
      ? `runs ${saw}`
      : `drift: the ledger says ${running.version} (${running.sha.slice(0, 7)}), ${env} shows ${saw}. Somebody deployed by hand: recheck ${env}.`,
  };
}

/** An operator reset the run: its script may be at work, or done. What it left is followed, never begun again nor denied. */
function begunCheck({ id }: DeploymentOrder): Check {
  return { name: 'target', ok: true, detail: `the script of ${id} began in an earlier run of it, and is followed` };
}

/** Production without smoke checks would be released unproven (A-041, X-28). */
function smokeCheck({ policy }: DeploymentOrder): Check {
  const { length } = policy.smoke;
  const ok = length > 0 || !policy.production;
  const detail = ok
    ? `${length} checks`
    : `smoke tests missing for prod-mode target: add smoke to ${policy.name} in tidegate.yaml`;
  return { name: 'smoke set', ok, detail };
}

function rollbackCheck({ running }: DeploymentOrder): Check {
  const detail = running
    ? `${running.version} (${running.sha.slice(0, 7)})`
    : 'first deployment: nothing to roll back to (X-33)';
  return { name: 'rollback target', ok: true, detail };
}

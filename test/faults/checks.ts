/** The ten invariants of 6-faults §3, each a pure function over the facts of a case: the sentences say what is broken. */
import type { DeploymentState } from '../../src/domain/deployment';
import type { Effect, Stage } from './case-folder';
import { ENVIRONMENTS } from './case-folder';
import type { Facts } from './facts';

export type Check = (facts: Facts) => readonly string[];

const commits = ({ effects }: Pick<Facts, 'effects'>): readonly Effect[] =>
  effects.filter(({ kind }) => kind === 'commit');

/** I1: each deployment switches at most once, and nothing is put twice in a row where it is already. */
export const switchesOnce: Check = (facts) => {
  const seen = new Set<string>();
  const again = commits(facts)
    .filter(({ act }) => act !== 'hand')
    .filter(({ act, deployment }) => {
      const key = `${deployment} ${act}`;
      const known = seen.has(key);
      seen.add(key);
      return known;
    })
    .map(({ act, deployment, fence }) => `${deployment} switched again (${act}, fence ${fence})`);
  return [...again, ...ENVIRONMENTS.flatMap((env) => repeated(facts, env))];
};

function repeated(facts: Facts, env: Stage): readonly string[] {
  const there = commits(facts).filter((effect) => effect.env === env);
  return there.flatMap((effect, index) => {
    const before = there[index - 1];
    if (before?.act !== 'deploy' || effect.act !== 'deploy' || before.sha !== effect.sha) return [];
    if (before.deployment === effect.deployment) return []; // counted above
    return [`${effect.sha.slice(0, 7)} was deployed to ${env} twice without a rollback between`];
  });
}

/** I2: what reached an environment is what was ordered for it, and what reached production was approved at that time. */
export const deploysTheApproved: Check = (facts) =>
  commits(facts).flatMap((effect) => {
    if (effect.act === 'hand') return [];
    if (effect.act === 'rollback') return wentBackTo(facts, effect);
    const deployment = facts.deployments.find(({ id }) => id === effect.deployment);
    if (deployment?.candidate?.sha !== effect.sha) {
      return [`${effect.deployment} put ${effect.sha.slice(0, 7)} on ${effect.env}, which the ledger does not know`];
    }
    if (effect.env !== 'prod') return [];
    return deployment.passengers
      .filter(({ bug }) => deployment.candidate?.aboard.includes(bug))
      .filter(({ bug, fix }) => !approvedThen(facts, bug, fix.head, deployment.startedAt))
      .map(({ bug }) => `bug ${bug} reached prod without an approval of its fix in force`);
  });

function wentBackTo(facts: Facts, { env, sha, deployment }: Effect): readonly string[] {
  const deployed = commits(facts).filter((each) => each.env === env && each.act === 'deploy');
  const known = [facts.firstSha, ...deployed.map((each) => each.sha)];
  return known.includes(sha) ? [] : [`${deployment} rolled ${env} back to ${sha.slice(0, 7)}, which never ran there`];
}

function approvedThen({ events }: Facts, bug: string, head: string, at: number): boolean {
  const approvers = new Set<string>();
  for (const event of events) {
    if (event.subject !== `bug/${bug}` || event.at > at) continue;
    if (event.kind === 'bug.approved' && event.data.approval.sha === head) approvers.add(event.data.approval.by);
    if (event.kind === 'bug.approval-withdrawn') approvers.delete(event.data.by);
  }
  return approvers.size > 0;
}

/** I3: an environment is never in the hands of two scripts at a time. */
export const oneAtATime: Check = ({ effects }) =>
  ENVIRONMENTS.flatMap((env) => {
    const holds = holdsOf(effects.filter((effect) => effect.env === env));
    return holds.flatMap((hold, index) =>
      holds
        .slice(index + 1)
        .filter((other) => other.from < hold.to)
        .map((other) => `${env} was held by ${hold.who} and ${other.who} at the same time`),
    );
  });

interface Hold {
  readonly who: string;
  readonly from: number;
  readonly to: number;
}

/** From a script's first line to its last one; what was killed held it until its last word. */
function holdsOf(effects: readonly Effect[]): readonly Hold[] {
  const byScript = new Map<number, Hold>();
  for (const { pid, at, act, deployment, fence } of effects) {
    if (act === 'hand') continue;
    const known = byScript.get(pid);
    const who = `${deployment} ${act} (fence ${fence}, process ${pid})`;
    byScript.set(pid, { who, from: known?.from ?? at, to: at });
  }
  return [...byScript.values()].sort((a, b) => a.from - b.from);
}

/** I4: whatever somebody was told is taken, is in the record. */
export const losesNothing: Check = (facts) =>
  facts.acknowledged.filter(({ kept }) => !kept(facts)).map(({ what }) => `acknowledged and not on record: ${what}`);

/** How a deployment ended, in one word. */
export function endOf({ verdict, rollback }: DeploymentState): string {
  if (verdict === null) return 'open';
  return verdict === 'Rolled-Back' && rollback?.verified !== true ? 'Unproven' : verdict;
}

/** I5: everything came to an end that is allowed, and no run is stuck at a task that fails again and again. */
export const endsWell: Check = (facts) => {
  const { ended, problem, deployments, allowed, runs } = facts;
  const open = ended ? [] : [`the case did not end in its time${problem ? `: ${problem}` : ''}`];
  const verdicts = deployments
    .filter((deployment) => !allowed.includes(endOf(deployment)))
    .map(
      ({ id, verdict, phase, reason }) =>
        `${id} ended ${verdict ?? `nowhere, in ${phase ?? 'no phase'}`}: ${reason ?? ''}`,
    );
  const failing = runs
    .filter(({ taskAttempt }) => taskAttempt >= 3)
    .map(({ workflowId, taskAttempt }) => `${workflowId} fails its workflow task (attempt ${taskAttempt})`);
  const broken = runs
    .filter(({ status }) => status === 'FAILED' || status === 'TIMED_OUT')
    .map(({ workflowId, status }) => `${workflowId} is ${status}`);
  return [...open, ...verdicts, ...failing, ...broken];
};

/** I6: what the ledger says runs is what runs, and what the effect log says was put there last; or it says that it does not know. */
export const agrees: Check = (facts) =>
  facts.environments.flatMap(({ env, running, unknown }) => {
    const stage = ENVIRONMENTS.find((each) => each === env);
    if (stage === undefined || unknown !== null) return [];
    const seen = facts.observed[stage];
    const last = commits(facts).findLast((effect) => effect.env === stage);
    const told =
      running?.sha === seen.sha ? [] : [`the ledger says ${env} runs ${running?.sha.slice(0, 7) ?? 'nothing'}`];
    const put = last === undefined || last.sha === seen.sha ? [] : [`${last.sha.slice(0, 7)} was put on ${env} last`];
    return [...told, ...put].map((sentence) => `${sentence}, and it serves ${seen.sha.slice(0, 7)}`);
  });

/** I7: no secret anywhere but where it belongs. */
export const leaksNothing: Check = ({ leaks }) => leaks.map((place) => `the canary was found in ${place}`);

/** I8: the hash chain of the audit holds. */
export const chains: Check = ({ chain }) => (chain === null ? [] : [`the audit chain is broken: ${chain}`]);

/** I9: nothing in the logs that nobody foresaw. */
export const logsCleanly: Check = ({ logProblems }) => logProblems;

/** I10: no process is left. */
export const leavesNobody: Check = ({ orphans }) => orphans.map((command) => `left behind: ${command}`);

export const CHECKS = {
  I1: switchesOnce,
  I2: deploysTheApproved,
  I3: oneAtATime,
  I4: losesNothing,
  I5: endsWell,
  I6: agrees,
  I7: leaksNothing,
  I8: chains,
  I9: logsCleanly,
  I10: leavesNobody,
} as const satisfies Readonly<Record<string, Check>>;
export type Invariant = keyof typeof CHECKS;

export interface Broken {
  readonly invariant: Invariant;
  readonly sentence: string;
}

export function judge(facts: Facts): readonly Broken[] {
  return (Object.keys(CHECKS) as Invariant[]).flatMap((invariant) =>
    CHECKS[invariant](facts).map((sentence) => ({ invariant, sentence })),
  );
}

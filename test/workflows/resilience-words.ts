/** What the resilience tests say and look at. */
import type { EnvironmentDecision, EnvironmentVerb } from '../../src/domain/verbs';
import type { DecisionOutcome } from '../../src/client/conductor';
import { fixOf } from './scripted-ports';
import { type World } from './world';

const MINUTE = 60_000;

export const codeAndSentence = (outcome: DecisionOutcome): string =>
  outcome.outcome === 'refused' ? `${outcome.refusal.code}: ${outcome.refusal.sentence}` : outcome.outcome;

/** Words and looks that the worlds of the resilience tests use. */
export function wordsIn(world: () => World) {
  let decisions = 0;
  const handle = (workflowId: string) => world().environment.client.workflow.getHandle(workflowId);
  const environment = (env: string) => world().ledger.environment('shop', env);
  const words = {
    handle,
    environment,
    status: async (workflowId: string) => (await handle(workflowId).describe()).status.name,
    /** A workflow task that fails is tried for ever: the run looks alive and does nothing. */
    async brokenTasks(workflowId: string): Promise<readonly string[]> {
      const { events } = await handle(workflowId).fetchHistory();
      return (events ?? []).flatMap((event) => event.workflowTaskFailedEventAttributes?.failure?.message ?? []);
    },
    /** Cancels a run whose script is under way; returns once the script has been told. */
    async cancel(workflowId: string): Promise<void> {
      await handle(workflowId).cancel();
      await world().eventually('the cancel reached the script', async () => {
        const { events } = await handle(workflowId).fetchHistory();
        return (events ?? []).some((event) => event.activityTaskCancelRequestedEventAttributes != null);
      });
    },
    approve: (bug: string) => world().decide(bug, 'approve-prod', 'bo', { sha: fixOf(bug).head }),
    close: (bug: string) => world().decide(bug, 'close', 'ann', { reason: 'over' }),
    async confirmed(bug: string): Promise<void> {
      await world().report(bug);
      await world().decide(bug, 'confirm', 'ann');
    },
    atEnvironment(env: string, verb: EnvironmentVerb, by = 'ann'): Promise<DecisionOutcome> {
      const actor = { id: by, roles: ['admin' as const], surface: 'api' as const };
      const decision: EnvironmentDecision = { id: `e${(decisions += 1)}`, verb, actor, signature: null, reason: 'why' };
      return world().conductor.decideEnvironment('shop', env, decision);
    },
    lastDeployment: async (env: string) =>
      (await world().ledger.deployments({ services: ['shop'], env, limit: 1, cursor: null })).items[0],
    timeline: async (subject: string) =>
      (await world().ledger.timeline('shop', subject, 1_000)).map(({ event }) => event),
    /** Lets nights pass until something is true. */
    nightsUntil: (what: string, check: () => Promise<boolean>) =>
      world().eventually(what, async () => {
        await world().clockForward(10 * MINUTE);
        return check();
      }),
    cameBack: (bug: string) =>
      words.nightsUntil(`bug ${bug} came back`, async () => (await world().bug(bug)).blocked !== null),
    isFree: (env: string) =>
      world().eventually(`${env} is free`, async () => (await environment(env))?.current === null),
    /** The next script runs until the answer is called; those after it do not wait. */
    async holdNextAct(ask: () => Promise<unknown>): Promise<() => void> {
      const { script } = world();
      const { length } = script.acts;
      let release = (): void => undefined;
      script.hold = new Promise<void>((resolve) => (release = resolve));
      await ask();
      await world().eventually('its script runs', () => script.acts.length > length);
      script.hold = Promise.resolve();
      return release;
    },
    actsSince: (start: number) =>
      world()
        .script.acts.slice(start)
        .map(({ act, to }) => `${act} ${to.version}`),
  };
  return words;
}

export function never(): never {
  throw new Error('the environment runs something');
}

/**
 * The runbook of one environment: the single writer of a place where a service runs, and its queue. One deployment at a
 * time by construction; it lives for ever by continue-as-new (3-architecture §3).
 */
import {
  allHandlersFinished,
  condition,
  continueAsNew,
  isCancellation,
  log,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { environmentDetails } from '../domain/details';
import { ENVIRONMENT_ROUND, type EnvironmentEvent, type EnvironmentState } from '../domain/environment';
import { emptyEnvironment, evolveEnvironment } from '../domain/environment-evolve';
import { environmentSubject } from '../domain/ids';
import { chooseDeparture } from '../domain/train';
import { readEnvironmentDecision, readRequest } from '../domain/wire';
import { createDecisions, type Decisions } from './decisions';
import { createEnvironmentGate } from './environment-gate';
import {
  advanceBase,
  announce,
  follow,
  observe,
  unannounced,
  untilArrival,
  withdraw,
  type Place,
} from './environment-steps';
import { onSignal, onStrangers } from './guarded';
import type { EnvironmentInput } from './inputs';
import { createIntake, type Intake } from './intake';
import { openJournal } from './journal';
import * as messages from './messages';
import { readable } from './readable';
import { createVisibility } from './visibility';
import { worldly } from './worldly';

/** After a failure of the world in the main loop, the same step is tried again; a decision or config wakes it earlier. */
const AGAIN_MS = 5 * 60_000;

export async function environmentWorkflow(input: EnvironmentInput): Promise<void> {
  const opened = open(readable(input));
  const { place, decisions } = opened;
  const { journal } = place;
  listen(opened);
  const publish = publisher();

  do {
    while (!place.full()) {
      publish(journal.state());
      await step(place).catch((error: unknown) => pause(place, error));
    }
    await condition(allHandlersFinished);
    await journal.drained();
    // Whatever came in meanwhile is not left to the next run, and no decision is cut off in the middle.
  } while (!place.full() || !allHandlersFinished());
  const carried = { seq: journal.seq(), decisions: decisions.taken(), hint: place.hint };
  return continueAsNew<typeof environmentWorkflow>({
    kind: 'continued',
    state: journal.state(),
    policy: place.policy,
    carried,
  });
}

/** A failure of the world ends no environment: the step is tried again, at the latest after a while. */
async function pause({ journal }: Place, error: unknown): Promise<void> {
  if (isCancellation(error)) throw error;
  log.error('A step of the environment failed; it is tried again.', { error: worldly(error) });
  const seen = journal.seq();
  await condition(() => journal.seq() !== seen, AGAIN_MS, { summary: 'try again' });
}

async function step(place: Place): Promise<void> {
  const state = place.journal.state();
  if (state.observedAt === null && state.current === null) return observe(place);
  if (unannounced(place).length > 0) return announce(place);
  if (state.current) return untilArrival(place);
  if (place.advances.length > 0) return advanceBase(place);
  return follow(place, chooseDeparture(state, place.policy.train.mode, Date.now()));
}

interface Opened {
  readonly place: Place;
  readonly decisions: Decisions;
  readonly intake: Intake;
}

function open(input: EnvironmentInput): Opened {
  const { service, env } = input.kind === 'new' ? input : input.state;
  const { workflowId } = workflowInfo();
  const journal = openJournal<EnvironmentState, EnvironmentEvent>({
    workflowId,
    service,
    subject: environmentSubject(env),
    state: input.kind === 'new' ? emptyEnvironment(service, env) : input.state,
    seq: input.kind === 'new' ? 0 : input.carried.seq,
    evolve: evolveEnvironment,
  });
  const intake = createIntake();
  const { policy } = input;
  const decisions = createDecisions({
    gate: createEnvironmentGate(journal),
    journal,
    intake,
    read: readEnvironmentDecision,
    taken: input.kind === 'new' ? [] : input.carried.decisions,
    status: () => (journal.state().current ? 'deploying' : 'idle'),
    service,
    signedFor: () => ({
      workflow: workflowId,
      round: ENVIRONMENT_ROUND,
      revision: journal.state().revision,
      signers: policy.signers,
    }),
  });
  const ends: messages.DeploymentEnd[] = [];
  const advances: Place['advances'] = [];
  const waiting = () => ends.length > 0 || advances.length > 0;
  const full = () => !waiting() && (intake.full() || workflowInfo().continueAsNewSuggested);
  if (input.kind === 'new') {
    journal.emit({ kind: 'environment.configured', data: { service, env, revision: policy.revision } });
  }
  return { place: { journal, policy, ends, advances, child: null, hint: hintOf(input), full }, decisions, intake };
}

const POLICY = {
  service: 'string',
  revision: 'string',
  validation: 'string',
  production: 'string',
  environments: 'object',
  train: 'object',
  fix: 'object',
} as const;
const hintOf = (input: EnvironmentInput): string | null => (input.kind === 'new' ? null : (input.carried.hint ?? null));

const ADVANCE = { version: 'string', sha: 'string', shipped: 'array' } as const;

function listen({ place, decisions, intake }: Opened): void {
  const { journal, advances } = place;
  setHandler(messages.decideEnvironmentUpdate, decisions.update, { validator: decisions.validate });
  setHandler(messages.decideEnvironmentSignal, decisions.signal);
  setHandler(messages.environmentStateQuery, () => journal.state());
  onSignal(journal, intake, messages.configureSignal, POLICY, (present) => configure(place, present));
  onSignal(
    journal,
    intake,
    messages.requestSignal,
    { id: 'string', kind: 'string', at: 'number', replyTo: 'string' },
    (request) => journal.emit({ kind: 'environment.requested', data: { request } }),
    (request) => readRequest(request, Date.now()) !== null,
  );
  onSignal(journal, intake, messages.withdrawSignal, { request: 'string', replyTo: 'string' }, ({ request, replyTo }) =>
    withdraw(place, request, replyTo),
  );
  onSignal(journal, intake, messages.dropFixSignal, { bug: 'string' }, ({ bug }) =>
    journal.emit({ kind: 'environment.fix-dropped', data: { bug } }),
  );
  onSignal(journal, intake, messages.deploymentEndedSignal, { deployment: 'string' }, ({ deployment }) => {
    // Anybody could send it: it is a reason to look, never the end itself.
    if (journal.state().current?.deployment === deployment) place.hint = deployment;
  });
  onSignal(journal, intake, messages.baseAdvancedSignal, ADVANCE, (advance) => {
    advances.push({ advance, tries: 0 });
  });
  onStrangers(journal, intake);
}

/** A new config: slots are planned again, and whoever was told another time hears of it. */
function configure(place: Place, present: Place['policy']): void {
  const { journal } = place;
  const { revision, service, env, slot } = journal.state();
  // A config of another service, or without this environment, is a mistake that must not stop the line. Keys are never
  // taken from a message: whoever may send one would choose whom to believe.
  if (present.revision === revision || present.service !== service || !present.environments[env]) return;
  place.policy = { ...present, signers: place.policy.signers };
  journal.emit({ kind: 'environment.configured', data: { service, env, revision: present.revision } });
  if (slot === null) return;
  journal.emit({ kind: 'environment.slot-planned', data: { slot: null, label: null, why: 'the calendar changed' } });
}

function publisher(): (state: EnvironmentState) => void {
  const show = createVisibility();
  return (state) => {
    setCurrentDetails(environmentDetails(state));
    if (state.current !== null) return;
    show({ TidegateVersion: state.running?.version ?? 'none', TidegateStatus: state.unknown ? 'unknown' : 'idle' });
  };
}

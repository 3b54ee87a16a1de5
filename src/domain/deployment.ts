/** One attempt to put one candidate on one environment, with phases and a verdict (3-architecture §3, A-100). */
import { evolveQuestions, pendingQuestion, type Hand, type Question, type QuestionEvent } from './deployment-question';
import type { Passenger } from './environment';
import type { Stamped } from './events';
import type { Strategy } from './policy';
import type { Breach } from './watch';

export const VERDICTS = ['Released', 'Released-with-override', 'Rolled-Back', 'Aborted'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** Whether the candidate is live and stands: with an override it does, too. */
export const isReleased = (verdict: Verdict | null): boolean =>
  verdict === 'Released' || verdict === 'Released-with-override';

export const PHASES = ['preflight', 'candidate', 'execute', 'smoke', 'watch', 'commit', 'rollback', 'verify'] as const;
export type Phase = (typeof PHASES)[number];

/** A version at a commit. */
export interface Target {
  readonly version: string;
  readonly sha: string;
}

/** A passenger that stayed behind, and why; `files` for a conflict. */
export interface LeftBehind {
  readonly bug: string;
  readonly reason: string;
  readonly files: readonly string[];
  /** `conflict`: the patch does not apply; `changed`: not what was approved; `base-moved`: X-22. */
  readonly cause: 'conflict' | 'changed' | 'base-moved' | 'missing';
}

/** The commit a deployment puts on its environment. */
export interface Candidate extends Target {
  readonly base: Target;
  readonly aboard: readonly string[];
  readonly left: readonly LeftBehind[];
  /** Subjects of what the candidate adds over what runs now. */
  readonly changes: readonly string[];
  readonly scriptChanged: boolean;
}

export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

export interface SmokeResult {
  readonly name: string;
  readonly ok: boolean;
  readonly status: number | null;
  readonly ms: number;
  readonly detail: string;
}

export interface PhaseRecord {
  readonly phase: Phase;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly ok: boolean | null;
  readonly detail: string;
}

export interface DeploymentState {
  readonly id: string;
  readonly service: string;
  readonly env: string;
  readonly production: boolean;
  readonly strategy: Strategy;
  readonly passengers: readonly Passenger[];
  readonly previous: Target | null;
  readonly candidate: Candidate | null;
  readonly fence: number;
  /** Revision of the policy that it left with. */
  readonly revision: string;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly phase: Phase | null;
  readonly phases: readonly PhaseRecord[];
  readonly checks: readonly Check[];
  readonly smoke: readonly SmokeResult[];
  /** What the script said of itself: `::tidegate key=value` lines (4-interfaces §3). */
  readonly metadata: Readonly<Record<string, string>>;
  /** The last breach that people were asked about or that ended the watch. */
  readonly breach: Breach | null;
  /** What people were asked during the watch, oldest first. */
  readonly questions: readonly Question[];
  /** Who stopped it. */
  readonly abort: Hand | null;
  readonly verdict: Verdict | null;
  readonly reason: string | null;
  /** After a rollback: did smoke and mini watch prove it? */
  readonly rollback: {
    readonly to: Target;
    readonly verified: boolean;
    readonly smoke: readonly SmokeResult[];
    readonly detail: string;
  } | null;
  /** Digest of samples and log, written at the end (3-architecture §4). */
  readonly evidence: { readonly samples: string; readonly log: string } | null;
}

export type DeploymentEvent =
  | QuestionEvent
  | { readonly kind: 'deployment.abort-asked'; readonly data: Record<string, never> }
  | {
      readonly kind: 'deployment.started';
      readonly data: Pick<
        DeploymentState,
        'id' | 'service' | 'env' | 'production' | 'strategy' | 'passengers' | 'previous' | 'fence' | 'revision'
      >;
    }
  | { readonly kind: 'deployment.phase-started'; readonly data: { readonly phase: Phase } }
  | {
      readonly kind: 'deployment.phase-ended';
      readonly data: { readonly phase: Phase; readonly ok: boolean; readonly detail: string };
    }
  | { readonly kind: 'deployment.checked'; readonly data: { readonly checks: readonly Check[] } }
  | { readonly kind: 'deployment.candidate'; readonly data: { readonly candidate: Candidate } }
  | { readonly kind: 'deployment.executed'; readonly data: { readonly metadata: Readonly<Record<string, string>> } }
  | { readonly kind: 'deployment.smoked'; readonly data: { readonly smoke: readonly SmokeResult[] } }
  | { readonly kind: 'deployment.breached'; readonly data: { readonly breach: Breach } }
  | { readonly kind: 'deployment.rolled-back'; readonly data: NonNullable<DeploymentState['rollback']> }
  | {
      readonly kind: 'deployment.ended';
      readonly data: {
        readonly verdict: Verdict;
        readonly reason: string;
        readonly evidence: DeploymentState['evidence'];
      };
    };

function closePhase(phases: readonly PhaseRecord[], phase: Phase, end: Partial<PhaseRecord>): readonly PhaseRecord[] {
  return phases.map((record) => (record.phase === phase && record.endedAt === null ? { ...record, ...end } : record));
}

/** The one way a deployment changes; the workflow's state and the ledger's read model are both this fold. */
export function evolveDeployment(state: DeploymentState | null, event: Stamped<DeploymentEvent>): DeploymentState {
  if (event.kind === 'deployment.started') return state ?? started(event.data, event.at);
  if (state === null) throw new Error(`a deployment begins with deployment.started, not ${event.kind}`);
  switch (event.kind) {
    case 'deployment.phase-started': {
      const record = { phase: event.data.phase, startedAt: event.at, endedAt: null, ok: null, detail: '' };
      return { ...state, phase: event.data.phase, phases: [...state.phases, record] };
    }
    case 'deployment.phase-ended': {
      const { phase, ok, detail } = event.data;
      return { ...state, phase: null, phases: closePhase(state.phases, phase, { endedAt: event.at, ok, detail }) };
    }
    case 'deployment.checked':
      return { ...state, checks: [...state.checks, ...event.data.checks] };
    case 'deployment.candidate':
      return { ...state, candidate: event.data.candidate };
    case 'deployment.executed':
      return { ...state, metadata: { ...state.metadata, ...event.data.metadata } };
    case 'deployment.smoked':
      return { ...state, smoke: event.data.smoke };
    case 'deployment.breached':
      return { ...state, breach: event.data.breach };
    case 'deployment.asked':
      return { ...state, breach: event.data.breach, questions: evolveQuestions(state.questions, event) };
    case 'deployment.taken':
    case 'deployment.escalated':
    case 'deployment.answered':
      return { ...state, questions: evolveQuestions(state.questions, event) };
    case 'deployment.abort-asked': {
      const { at, actor: by, surface, reason } = event;
      return { ...state, abort: state.abort ?? { by, surface, at, reason } };
    }
    case 'deployment.rolled-back':
      return { ...state, rollback: event.data };
    case 'deployment.ended': {
      const { verdict, reason, evidence } = event.data;
      return { ...state, verdict, reason, evidence, phase: null, endedAt: event.at };
    }
  }
}

function started(data: (DeploymentEvent & { kind: 'deployment.started' })['data'], at: number): DeploymentState {
  return {
    ...data,
    candidate: null,
    startedAt: at,
    endedAt: null,
    phase: null,
    phases: [],
    checks: [],
    smoke: [],
    metadata: {},
    breach: null,
    questions: [],
    abort: null,
    verdict: null,
    reason: null,
    rollback: null,
    evidence: null,
  };
}

/** How far a deployment is, as far as people can still change where it goes. */
export type Stage = 'before' | 'live' | 'asked' | 'aborting' | 'going-back' | 'committing' | 'ended';

export function stageOf(state: DeploymentState): Stage {
  const began = (phase: Phase): boolean => state.phases.some((record) => record.phase === phase);
  if (state.verdict !== null) return 'ended';
  if (began('commit')) return 'committing';
  if (began('rollback') || state.questions.at(-1)?.answer?.verb === 'rollback') return 'going-back';
  if (state.abort !== null) return 'aborting';
  if (state.phase === 'watch' && pendingQuestion(state.questions) !== null) return 'asked';
  return began('execute') ? 'live' : 'before';
}

/** What people are asked right now; null: nothing. */
export function openQuestion(state: DeploymentState): Question | null {
  return stageOf(state) === 'asked' ? pendingQuestion(state.questions) : null;
}

/** The round of a deployment's gate: an answer counts for the question it was given to, and for no later one. */
export const deploymentRound = ({ questions, startedAt }: DeploymentState): number =>
  questions.at(-1)?.since ?? startedAt;

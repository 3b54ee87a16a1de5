/** A place where a service runs, and the single queue in front of it (3-architecture §3, X-17, X-23). */
import type { Fix, Severity } from './bug';
import type { Verdict } from './deployment';
import type { Stamped } from './events';
import type { SlotKind } from './slots';

/** A fix that an environment carries on top of its base. */
export interface AppliedFix {
  readonly bug: string;
  readonly fix: Fix;
  /** Taken off by `fail-validation`: the running build still has it, the next candidate is built without it. */
  readonly leaving: boolean;
}

/** What an environment runs. `base` is the released version its build stands on; `version` may add `+bug.7`. */
export interface Running {
  readonly version: string;
  readonly sha: string;
  readonly base: { readonly version: string; readonly sha: string };
  readonly deployment: string | null;
  /** Fixes on top of the base, not yet in the base. */
  readonly fixes: readonly AppliedFix[];
  readonly since: number;
}

/** One fix that asks for a place on a train. */
export interface Passenger {
  readonly bug: string;
  readonly title: string;
  readonly severity: Severity;
  readonly modules: readonly string[];
  readonly fix: Fix;
  /** Who let it through and on what: null below production. */
  readonly approvals: readonly {
    readonly by: string;
    readonly at: number;
    readonly sha: string;
    readonly productionSha: string | null;
  }[];
}

export type RequestKind = 'rollback' | 'hotfix' | 'immediate' | 'slot';

/** A request in an environment's queue. Order of departure: rollback, hotfix, immediate, slot. */
export interface DeployRequest {
  /** Caller's id: the same id twice is one request. */
  readonly id: string;
  readonly kind: RequestKind;
  readonly slot: SlotKind | null;
  readonly passenger: Passenger | null;
  /** When it was asked for: for a slot, in time means strictly before the cutoff (T-025). */
  readonly at: number;
  /** The departure its asker was told last; null where no slot is waited for. */
  readonly told: number | null;
  /** That departure in words, with date and zone. */
  readonly label: string | null;
  /** Whether people have heard that it is queued (T-012). */
  readonly announced: boolean;
  /** Workflow to tell about moves and the end. */
  readonly replyTo: string;
}

/** The one deployment under way. */
export interface Current {
  readonly deployment: string;
  readonly requests: readonly DeployRequest[];
  readonly startedAt: number;
  readonly fence: number;
  readonly slotKey: string | null;
}

export interface EnvironmentState {
  readonly service: string;
  readonly env: string;
  readonly revision: string;
  readonly running: Running | null;
  /** When somebody last looked what really runs here; null: nobody has yet. */
  readonly observedAt: number | null;
  /** The last deployment that was committed: where a rollback goes. */
  readonly lastGood: { readonly version: string; readonly sha: string; readonly deployment: string | null } | null;
  readonly queue: readonly DeployRequest[];
  readonly current: Current | null;
  readonly nextNumber: number;
  /** Fencing token: only grows (E3). */
  readonly fence: number;
  /** The slot the queue waits for. */
  readonly slot: {
    readonly kind: SlotKind;
    readonly key: string;
    readonly at: number;
    /** A request made at or after this instant does not board (T-025). */
    readonly cutoffAt: number;
    readonly graceUntil: number;
  } | null;
  /** Slot occurrences that already departed, newest last, bounded. */
  readonly departedSlots: readonly string[];
  readonly holds: readonly { readonly by: string; readonly reason: string; readonly at: number }[];
  /** Why nothing may leave until a person looked: an unknown state after a failed rollback. */
  readonly unknown: { readonly deployment: string; readonly reason: string; readonly at: number } | null;
}

export type EnvironmentEvent =
  | {
      readonly kind: 'environment.configured';
      readonly data: { readonly service: string; readonly env: string; readonly revision: string };
    }
  | {
      readonly kind: 'environment.observed';
      readonly data: {
        readonly running: Running | null;
        readonly source: string;
        readonly nextNumber: number;
        readonly fence: number;
      };
    }
  | { readonly kind: 'environment.requested'; readonly data: { readonly request: DeployRequest } }
  | { readonly kind: 'environment.announced'; readonly data: { readonly requests: readonly string[] } }
  | { readonly kind: 'environment.request-withdrawn'; readonly data: { readonly request: string } }
  | {
      readonly kind: 'environment.slot-planned';
      readonly data: {
        readonly slot: EnvironmentState['slot'];
        readonly label: string | null;
        readonly why: string | null;
      };
    }
  | { readonly kind: 'environment.departed'; readonly data: { readonly current: Current } }
  | {
      readonly kind: 'environment.arrived';
      readonly data: {
        readonly deployment: string;
        readonly verdict: Verdict;
        readonly running: Running | null;
        readonly committed: boolean;
        readonly unknown: string | null;
      };
    }
  | {
      readonly kind: 'environment.base-advanced';
      readonly data: {
        readonly base: { readonly version: string; readonly sha: string };
        readonly shipped: readonly string[];
      };
    }
  | { readonly kind: 'environment.fix-dropped'; readonly data: { readonly bug: string } }
  | { readonly kind: 'environment.held'; readonly data: Record<string, never> }
  | { readonly kind: 'environment.resumed'; readonly data: Record<string, never> }
  | {
      readonly kind: 'environment.rechecked';
      readonly data: { readonly running: Running | null; readonly sentence: string };
    };

/** How many departed slot occurrences an environment remembers: more than a month of two slots a night. */
const REMEMBERED_SLOTS = 80;

/** An environment before anything is known of it. */
export function emptyEnvironment(service: string, env: string): EnvironmentState {
  return {
    service,
    env,
    revision: '',
    running: null,
    observedAt: null,
    lastGood: null,
    queue: [],
    current: null,
    nextNumber: 1,
    fence: 0,
    slot: null,
    departedSlots: [],
    holds: [],
    unknown: null,
  };
}

function goodTarget(running: Running): EnvironmentState['lastGood'] {
  return { version: running.version, sha: running.sha, deployment: running.deployment };
}

/** Whoever boards the planned slot has been told its instant with this event. */
function planned(state: EnvironmentState, slot: EnvironmentState['slot'], label: string | null): EnvironmentState {
  const told = (request: DeployRequest): DeployRequest =>
    slot !== null && request.kind === 'slot' && request.at < slot.cutoffAt
      ? { ...request, told: slot.at, label }
      : request;
  return { ...state, slot, queue: state.queue.map(told) };
}

/** A fix that boards again is not leaving any more. */
function boarding(running: Running | null, bugs: readonly string[]): Running | null {
  if (running === null) return null;
  const fixes = running.fixes.map((applied) => (bugs.includes(applied.bug) ? { ...applied, leaving: false } : applied));
  return { ...running, fixes };
}

/** What arrived, less what was taken off while it was on its way. */
function arrivedBuild(before: Running | null, now: Running): Running {
  const leaving = (bug: string) => before?.fixes.some((applied) => applied.bug === bug && applied.leaving) ?? false;
  return {
    ...now,
    fixes: now.fixes.map((applied) => ({ ...applied, leaving: applied.leaving || leaving(applied.bug) })),
  };
}

function departed(state: EnvironmentState, current: Current): EnvironmentState {
  const leaving = new Set(current.requests.map((request) => request.id));
  const bugs = current.requests.flatMap(({ passenger }) => (passenger ? [passenger.bug] : []));
  const slots = current.slotKey === null ? state.departedSlots : [...state.departedSlots, current.slotKey];
  return {
    ...state,
    current,
    running: boarding(state.running, bugs),
    queue: state.queue.filter((request) => !leaving.has(request.id)),
    nextNumber: state.nextNumber + 1,
    fence: current.fence,
    slot: null,
    departedSlots: slots.slice(-REMEMBERED_SLOTS),
  };
}

function arrived(
  state: EnvironmentState,
  event: EnvironmentEvent & { kind: 'environment.arrived' },
  at: number,
): EnvironmentState {
  const { deployment, running, committed, unknown } = event.data;
  if (state.current?.deployment !== deployment) return state;
  return {
    ...state,
    current: null,
    running: running ? arrivedBuild(state.running, running) : state.running,
    lastGood: committed && running ? goodTarget(running) : state.lastGood,
    unknown: unknown === null ? state.unknown : { deployment, reason: unknown, at },
  };
}

function baseAdvanced(state: EnvironmentState, base: Running['base'], shipped: readonly string[]): EnvironmentState {
  if (state.running === null) return state;
  const fixes = state.running.fixes.filter((applied) => !shipped.includes(applied.bug));
  return { ...state, running: { ...state.running, base, fixes } };
}

function dropFix(state: EnvironmentState, bug: string): EnvironmentState {
  if (state.running === null) return state;
  const fixes = state.running.fixes.map((applied) => (applied.bug === bug ? { ...applied, leaving: true } : applied));
  return { ...state, running: { ...state.running, fixes } };
}

/** The one way an environment changes; the workflow's state and the ledger's read model are both this fold. */
export function evolveEnvironment(state: EnvironmentState | null, event: Stamped<EnvironmentEvent>): EnvironmentState {
  if (event.kind === 'environment.configured') {
    const known = state ?? emptyEnvironment(event.data.service, event.data.env);
    return { ...known, revision: event.data.revision };
  }
  if (state === null) throw new Error(`an environment begins with environment.configured, not ${event.kind}`);
  switch (event.kind) {
    case 'environment.observed': {
      const { running, nextNumber, fence } = event.data;
      return {
        ...state,
        running,
        observedAt: event.at,
        lastGood: state.lastGood ?? (running && goodTarget(running)),
        nextNumber: Math.max(state.nextNumber, nextNumber),
        fence: Math.max(state.fence, fence),
      };
    }
    case 'environment.requested': {
      const { request } = event.data;
      return state.queue.some(({ id }) => id === request.id) ? state : { ...state, queue: [...state.queue, request] };
    }
    case 'environment.request-withdrawn':
      return { ...state, queue: state.queue.filter(({ id }) => id !== event.data.request) };
    case 'environment.announced': {
      const told = (request: DeployRequest) =>
        event.data.requests.includes(request.id) ? { ...request, announced: true } : request;
      return { ...state, queue: state.queue.map(told) };
    }
    case 'environment.slot-planned':
      return planned(state, event.data.slot, event.data.label);
    case 'environment.departed':
      return departed(state, event.data.current);
    case 'environment.arrived':
      return arrived(state, event, event.at);
    case 'environment.base-advanced':
      return baseAdvanced(state, event.data.base, event.data.shipped);
    case 'environment.fix-dropped':
      return dropFix(state, event.data.bug);
    case 'environment.held':
      return {
        ...state,
        holds: [
          ...state.holds.filter(({ by }) => by !== event.actor),
          { by: event.actor, reason: event.reason ?? '', at: event.at },
        ],
      };
    case 'environment.resumed':
      return { ...state, holds: state.holds.filter(({ by }) => by !== event.actor) };
    case 'environment.rechecked':
      return { ...state, running: event.data.running ?? state.running, observedAt: event.at, unknown: null };
  }
}

/** How events change an environment: the one fold behind the workflow's state and the ledger's read model. */
import type { Current, DeployRequest, EnvironmentEvent, EnvironmentState, Running } from './environment';
import type { Stamped } from './events';

type Of<K extends EnvironmentEvent['kind']> = Stamped<Extract<EnvironmentEvent, { readonly kind: K }>>;

/** How many departed slot occurrences an environment remembers: more than a month of two slots a night. */
const REMEMBERED_SLOTS = 80;
/** How many ended requests: more than the largest train. */
const REMEMBERED_REQUESTS = 200;

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
    endedRequests: [],
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

/** What arrived, less what was taken off while it was on its way; who boarded again is not leaving any more. */
function arrivedBuild(before: Running | null, now: Running, boarded: readonly string[]): Running {
  const leaving = (bug: string) =>
    !boarded.includes(bug) && (before?.fixes.some((applied) => applied.bug === bug && applied.leaving) ?? false);
  return {
    ...now,
    fixes: now.fixes.map((applied) => ({ ...applied, leaving: applied.leaving || leaving(applied.bug) })),
  };
}

function departed(state: EnvironmentState, current: Current): EnvironmentState {
  const leaving = new Set(current.requests.map((request) => request.id));
  const slots = current.slotKey === null ? state.departedSlots : [...state.departedSlots, current.slotKey];
  return {
    ...state,
    current,
    queue: state.queue.filter((request) => !leaving.has(request.id)),
    nextNumber: state.nextNumber + 1,
    fence: current.fence,
    slot: null,
    departedSlots: slots.slice(-REMEMBERED_SLOTS),
  };
}

function arrived(state: EnvironmentState, { data, at }: Of<'environment.arrived'>): EnvironmentState {
  const { deployment, running, committed, unknown } = data;
  if (state.current?.deployment !== deployment) return state;
  const { requests } = state.current;
  const boarded = requests.flatMap(({ passenger }) => (passenger ? [passenger.bug] : []));
  const ended = [...state.endedRequests, ...requests.map(({ id }) => id)].slice(-REMEMBERED_REQUESTS);
  return {
    ...state,
    current: null,
    running: running ? arrivedBuild(state.running, running, boarded) : state.running,
    endedRequests: ended,
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

/** Asked for already: waiting, under way, or ended (the same id twice is one request). */
export function isKnown({ queue, current, endedRequests }: EnvironmentState, request: string): boolean {
  const aboard = current?.requests ?? [];
  return endedRequests.includes(request) || [...queue, ...aboard].some(({ id }) => id === request);
}

function observed(state: EnvironmentState, { data, at }: Of<'environment.observed'>): EnvironmentState {
  const { running, nextNumber, fence, restored } = data;
  const known = restored === null ? state : { ...state, ...restored };
  const fresh = state.queue.filter(({ id }) => !isKnown(known, id));
  return {
    ...known,
    queue: restored === null ? state.queue : [...restored.queue, ...fresh],
    running,
    observedAt: at,
    lastGood: known.lastGood ?? (running && goodTarget(running)),
    nextNumber: Math.max(state.nextNumber, nextNumber),
    fence: Math.max(state.fence, fence),
  };
}

/** What each event makes of an environment. */
const CHANGES: {
  readonly [K in EnvironmentEvent['kind']]: (state: EnvironmentState, event: Of<K>) => EnvironmentState;
} = {
  'environment.configured': (state, { data }) => ({ ...state, revision: data.revision }),
  'environment.observed': observed,
  'environment.requested': (state, { data: { request } }) =>
    isKnown(state, request.id) ? state : { ...state, queue: [...state.queue, request] },
  'environment.request-withdrawn': (state, { data }) => ({
    ...state,
    queue: state.queue.filter(({ id }) => id !== data.request),
  }),
  'environment.announced': (state, { data }) => ({
    ...state,
    queue: state.queue.map((request) =>
      data.requests.includes(request.id) ? { ...request, announced: true } : request,
    ),
  }),
  'environment.slot-planned': (state, { data }) => planned(state, data.slot, data.label),
  'environment.departed': (state, { data }) => departed(state, data.current),
  'environment.arrived': arrived,
  'environment.base-advanced': (state, { data }) => baseAdvanced(state, data.base, data.shipped),
  'environment.fix-dropped': (state, { data }) => dropFix(state, data.bug),
  'environment.held': (state, { actor, reason, at }) => ({
    ...state,
    holds: [...state.holds.filter(({ by }) => by !== actor), { by: actor, reason: reason ?? '', at }],
  }),
  'environment.resumed': (state, { actor }) => ({ ...state, holds: state.holds.filter(({ by }) => by !== actor) }),
  'environment.rechecked': (state, { data, at }) => ({
    ...state,
    running: data.running ?? state.running,
    observedAt: at,
    unknown: null,
  }),
};

/** The one way an environment changes; an environment begins with `environment.configured`. */
export function evolveEnvironment(state: EnvironmentState | null, event: Stamped<EnvironmentEvent>): EnvironmentState {
  const known = state ?? begun(event);
  // The table's row and the event are of the same kind; TypeScript cannot see that through the union.
  const row = CHANGES[event.kind] as (state: EnvironmentState, event: Stamped<EnvironmentEvent>) => EnvironmentState;
  return row(known, event);
}

function begun(event: Stamped<EnvironmentEvent>): EnvironmentState {
  if (event.kind === 'environment.configured') return emptyEnvironment(event.data.service, event.data.env);
  throw new Error(`an environment begins with environment.configured, not ${event.kind}`);
}

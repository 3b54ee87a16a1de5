/** Read models: each event folded by the same pure functions that the workflows use, in the transaction that stores it. */
import type { LedgerEvent, Stamped } from '../domain/events';
import type { ChainedEvent } from '../ports/ledger';
import { fromRow, pageOfEvents } from './chain';
import { BUGS, DEPLOYMENTS, ENVIRONMENTS, TOKENS, type Folded, type Model } from './models';
import { allOf, type Db, type LedgerStore } from './schema';

/** Rows of one noun by their key, as they are or as they become. */
type Rows = ReadonlyMap<string, Folded>;
/** Of each noun its rows: in `MODELS`'s order. */
export type Models = readonly Rows[];

const MODELS: readonly Model[] = [BUGS, ENVIRONMENTS, DEPLOYMENTS, TOKENS];

/** The rows that the events are about. */
export async function loadModels(tx: Db, events: readonly LedgerEvent[]): Promise<Models> {
  return allOf(MODELS.map((model) => load(tx, model, events.filter(concerning(model)))));
}

/** The rows that the events change, as they are then; events that concern no noun change nothing. */
export function foldInto(models: Models, links: readonly ChainedEvent[]): Models {
  return MODELS.map((model, index) => fold(model, models[index] ?? new Map(), links));
}

export async function saveModels(tx: Db, models: Models): Promise<void> {
  await allOf(
    MODELS.map(async (model, index) => {
      const rows = [...(models[index]?.values() ?? [])];
      if (rows.length > 0) await model.save(tx, rows);
    }),
  );
}

/** Makes the read models anew from the events, in one transaction. Returns how many events were read. */
export async function rebuildReadModels(store: LedgerStore): Promise<number> {
  return store.write(async (tx) => {
    await store.alone(tx);
    for (const model of MODELS) await model.clear(tx);
    let read = 0;
    let lastSeq = 0;
    for (;;) {
      const links = (await pageOfEvents(tx, lastSeq)).map(fromRow);
      const events = links.map(({ event }) => event);
      await saveModels(tx, foldInto(await loadModels(tx, events), links));
      lastSeq = links.at(-1)?.seq ?? lastSeq;
      if (links.length === 0) return read;
      read += links.length;
    }
  });
}

const concerning =
  ({ noun }: Model) =>
  ({ kind }: LedgerEvent): boolean =>
    kind.startsWith(`${noun}.`);

async function load(tx: Db, model: Model, events: readonly LedgerEvent[]): Promise<Rows> {
  if (events.length === 0) return new Map();
  const names = [...new Set(events.map((event) => nameOf(model, event)))];
  const rows = await model.load(tx, names);
  return new Map(rows.map((row) => [model.key(row), { ...row, state: stateOf(row.state) }]));
}

function nameOf({ subjectPrefix }: Model, { subject }: LedgerEvent): string {
  return subject.startsWith(subjectPrefix) ? subject.slice(subjectPrefix.length) : subject;
}

/** A spoilt row is as good as none: what can be folded without it is. */
function stateOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function fold(model: Model, rows: Rows, links: readonly ChainedEvent[]): Rows {
  const changed = new Map<string, Folded>();
  for (const { seq, event } of links) {
    if (!concerning(model)(event)) continue;
    const identity = { service: event.service, name: nameOf(model, event) };
    const key = model.key(identity);
    const before = changed.get(key) ?? rows.get(key);
    const state = evolved(model, before?.state ?? null, event);
    if (state === null) continue;
    changed.set(key, { ...identity, firstSeq: before?.firstSeq ?? seq, updatedAt: event.at, state });
  }
  return changed;
}

/**
 * The next state, or null when this event cannot be folded (the founding event is missing, or an older Tidegate wrote
 * data of another shape). The record must take such an event all the same: a model can be rebuilt, a refused event is
 * lost and would hold its run for ever.
 */
function evolved({ evolve }: Model, state: unknown, event: Stamped): unknown {
  try {
    return evolve(state, event);
  } catch {
    return null;
  }
}

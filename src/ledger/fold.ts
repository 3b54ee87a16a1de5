/** Read models: each event folded by the same pure functions that the workflows use, in the transaction that stores it. */
import { type BugEvent, type BugState } from '../domain/bug';
import { evolveBug } from '../domain/bug-evolve';
import { evolveDeployment, type DeploymentEvent, type DeploymentState } from '../domain/deployment';
import { type EnvironmentEvent, type EnvironmentState } from '../domain/environment';
import { evolveEnvironment } from '../domain/environment-evolve';
import type { LedgerEvent, Stamped } from '../domain/events';
import { bugSubject, deploymentSubject, environmentSubject } from '../domain/ids';
import type { ChainedEvent } from '../ports/ledger';
import { fromRow, pageOfEvents } from './chain';
import type { Db, LedgerStore } from './schema';
import { searchable } from './text';

/** Folds one stored event into the model of its noun; events that concern no noun change nothing. */
export async function foldEvent(tx: Db, link: ChainedEvent): Promise<void> {
  const { seq, event } = link;
  if (isBugEvent(event)) return foldBug(tx, seq, event);
  if (isEnvironmentEvent(event)) return foldEnvironment(tx, seq, event);
  if (isDeploymentEvent(event)) return foldDeployment(tx, seq, event);
}

/** Makes the read models anew from the events, in one transaction. Returns how many events were read. */
export async function rebuildReadModels(store: LedgerStore): Promise<number> {
  return store.write(async (tx) => {
    await tx.deleteFrom('bug').execute();
    await tx.deleteFrom('environment').execute();
    await tx.deleteFrom('deployment').execute();
    let read = 0;
    let lastSeq = 0;
    for (;;) {
      const page = await pageOfEvents(tx, lastSeq);
      for (const row of page) {
        await foldEvent(tx, fromRow(row));
        lastSeq = row.seq;
      }
      if (page.length === 0) return read;
      read += page.length;
    }
  });
}

const isBugEvent = (event: LedgerEvent): event is LedgerEvent<BugEvent> => event.kind.startsWith('bug.');
const isEnvironmentEvent = (event: LedgerEvent): event is LedgerEvent<EnvironmentEvent> =>
  event.kind.startsWith('environment.');
const isDeploymentEvent = (event: LedgerEvent): event is LedgerEvent<DeploymentEvent> =>
  event.kind.startsWith('deployment.');

const withoutPrefix = (subject: string, prefix: string): string =>
  subject.startsWith(prefix) ? subject.slice(prefix.length) : subject;

/**
 * The next state, or null when this event cannot be folded (the founding event is missing, or an older Tidegate wrote
 * data of another shape). The record must take such an event all the same: a model can be rebuilt, a refused event is
 * lost and would hold its run for ever.
 */
function evolved<S, E extends Stamped>(
  evolve: (state: S | null, event: E) => S,
  row: { readonly state: string } | undefined,
  event: E,
): S | null {
  try {
    return evolve(row ? (JSON.parse(row.state) as S) : null, event);
  } catch {
    return null;
  }
}

async function foldBug(tx: Db, seq: number, event: LedgerEvent<BugEvent>): Promise<void> {
  const key = { service: event.service, id: withoutPrefix(event.subject, bugSubject('')) };
  const row = tx.selectFrom('bug').select('state').where('service', '=', key.service).where('id', '=', key.id);
  const state = evolved<BugState, Stamped<BugEvent>>(evolveBug, await row.executeTakeFirst(), event);
  if (!state) return;
  const columns = {
    status: state.status,
    severity: state.severity,
    search: searchable(`${state.title}\n${state.description ?? ''}`),
    updated_at: event.at,
    state: JSON.stringify(state),
  };
  await tx
    .insertInto('bug')
    .values({ ...key, first_seq: seq, ...columns })
    .onConflict((conflict) => conflict.columns(['service', 'id']).doUpdateSet(columns))
    .execute();
}

async function foldEnvironment(tx: Db, seq: number, event: LedgerEvent<EnvironmentEvent>): Promise<void> {
  const key = { service: event.service, env: withoutPrefix(event.subject, environmentSubject('')) };
  const row = tx
    .selectFrom('environment')
    .select('state')
    .where('service', '=', key.service)
    .where('env', '=', key.env);
  const state = evolved<EnvironmentState, Stamped<EnvironmentEvent>>(
    evolveEnvironment,
    await row.executeTakeFirst(),
    event,
  );
  if (!state) return;
  const columns = { updated_at: event.at, state: JSON.stringify(state) };
  await tx
    .insertInto('environment')
    .values({ ...key, first_seq: seq, ...columns })
    .onConflict((conflict) => conflict.columns(['service', 'env']).doUpdateSet(columns))
    .execute();
}

async function foldDeployment(tx: Db, seq: number, event: LedgerEvent<DeploymentEvent>): Promise<void> {
  const id = withoutPrefix(event.subject, deploymentSubject(''));
  const row = tx.selectFrom('deployment').select('state').where('id', '=', id);
  const state = evolved<DeploymentState, Stamped<DeploymentEvent>>(
    evolveDeployment,
    await row.executeTakeFirst(),
    event,
  );
  if (!state) return;
  const columns = { verdict: state.verdict, updated_at: event.at, state: JSON.stringify(state) };
  await tx
    .insertInto('deployment')
    .values({ id, service: state.service, env: state.env, first_seq: seq, ...columns })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(columns))
    .execute();
}

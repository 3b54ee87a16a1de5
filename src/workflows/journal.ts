/**
 * A run's state and its way into the ledger: events are folded at once, and written in order by a background writer, so
 * that a handler decides synchronously and then waits until its event is recorded (3-architecture §3 rule 3).
 */
import { CancellationScope, condition, log, workflowInfo } from '@temporalio/workflow';
import type { DomainEvent, LedgerEvent, NoteEvent, Stamped } from '../domain/events';
import { decisionEventId, eventId } from '../domain/ids';
import { TEMPORAL_OPERATOR, TIDEGATE, type Actor } from '../domain/people';
import { ledgerWrites, patientWrites } from './proxies';

/** Events of one write: what piled up while the ledger was away must not pass what Temporal takes as one payload (2 MB). */
const BATCH = 100;

export interface JournalOptions<S, E extends DomainEvent> {
  readonly workflowId: string;
  readonly service: string;
  readonly subject: string;
  readonly state: S | null;
  readonly seq: number;
  readonly evolve: (state: S | null, event: Stamped<E>) => S;
}

/** What the record keeps of a decision; `actor` null: nobody signed it. */
interface Taken {
  readonly id: string;
  readonly actor: Actor | null;
  readonly reason: string | null;
}

export interface Journal<S, E extends DomainEvent> {
  /** The present state. Only before the first event is there none, and then this throws. */
  state(): S;
  /** How many events there were so far: carried across continue-as-new. */
  seq(): number;
  /** Folds an event and books it for the ledger. */
  emit(event: E, by?: Actor, reason?: string | null, at?: number): void;
  /**
   * The same for what a person decided. Its name in the ledger is the decision's, not its place among the events: a task
   * that is lost after it wrote is done again, and messages that Temporal had not kept yet may then come in another order.
   */
  decide(event: E, decision: Taken, at: number): void;
  /** Books a fact that changes no state. */
  note(event: NoteEvent, by?: Actor, reason?: string | null): void;
  /** True once everything emitted so far is in the ledger; false when the ledger is away. */
  recorded(): Promise<boolean>;
  /** Waits until nothing is left to write: before a run ends or continues as new. */
  drained(): Promise<void>;
}

/** A journal over a pure fold; starts its writer. */
export function openJournal<S, E extends DomainEvent>(options: JournalOptions<S, E>): Journal<S, E> {
  const { workflowId, service, subject, evolve } = options;
  let { state, seq } = options;
  const { runId } = workflowInfo();
  let written = seq;
  let away = false;
  const pending: LedgerEvent[] = [];

  // Decisions take no number: whichever of them come first, what the run does by itself keeps its names.
  let numbered = 0;
  const numberedId = (): string => eventId(workflowId, runId, numbered++);

  const book = (stamped: Stamped, id: string): void => {
    pending.push({ ...stamped, id, service, subject });
    seq += 1;
  };

  const fold = (stamped: Stamped<E>, id: string): void => {
    state = evolve(state, stamped);
    book(stamped, id);
  };

  const write = async (batch: LedgerEvent[]): Promise<void> => {
    try {
      await ledgerWrites.record(batch);
    } catch (error) {
      away = true;
      log.warn('The ledger is away; the run goes on and writes when it is back.', { error: String(error) });
      await patientWrites.record(batch);
    }
    away = false;
    written += batch.length;
  };

  const writer = async (): Promise<never> => {
    for (;;) {
      await condition(() => pending.length > 0);
      await write(pending.splice(0, BATCH));
    }
  };
  // Cancelling a run must not stop its record: the end is still to be written.
  void CancellationScope.nonCancellable(writer);

  return {
    state() {
      if (state === null) throw new Error(`${workflowId} has no state yet`);
      return state;
    },
    seq: () => seq,
    emit(event, by = TIDEGATE, reason = null, at = Date.now()) {
      fold({ ...event, at, actor: by.id, surface: by.surface, reason }, numberedId());
    },
    decide(event, { id, actor, reason }, at) {
      const by = actor ?? TEMPORAL_OPERATOR;
      // Anybody may claim an id; only a signed one is one of a kind.
      const name = actor === null ? numberedId() : decisionEventId(workflowId, id);
      fold({ ...event, at, actor: by.id, surface: by.surface, reason }, name);
    },
    note(event, by = TIDEGATE, reason = null) {
      book({ ...event, at: Date.now(), actor: by.id, surface: by.surface, reason }, numberedId());
    },
    async recorded() {
      const mine = seq;
      await condition(() => written >= mine || away);
      return written >= mine;
    },
    drained: () => condition(() => written >= seq),
  };
}

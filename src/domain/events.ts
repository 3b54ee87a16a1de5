/** Everything the ledger holds: one envelope around the events of each noun (3-architecture §4). */
import type { BugEvent } from './bug';
import type { DeploymentEvent } from './deployment';
import type { EnvironmentEvent } from './environment';
import type { Surface } from './people';
import type { TokenEvent } from './token';

/** Facts that change no noun's state but belong to the record. */
export type NoteEvent =
  | {
      readonly kind: 'decision.refused';
      readonly data: { readonly verb: string; readonly code: string; readonly sentence: string };
    }
  /** An abort that went as a cancellation, because the run took no message. */
  | { readonly kind: 'decision.by-cancellation'; readonly data: { readonly verb: string } }
  | { readonly kind: 'message.sent'; readonly data: Message }
  | {
      readonly kind: 'duty.opened';
      readonly data: { readonly duty: string; readonly owner: string; readonly dueAt: number; readonly what: string };
    }
  /** A deploy script that nobody followed any more was ended at a worker's start (6-faults E4). */
  | {
      readonly kind: 'script.ended';
      readonly data: {
        readonly deployment: string;
        readonly act: 'deploy' | 'rollback';
        readonly host: string;
        readonly why: string;
      };
    }
  | { readonly kind: 'message.malformed'; readonly data: { readonly name: string; readonly problem: string } };

export type DomainEvent = BugEvent | EnvironmentEvent | DeploymentEvent | TokenEvent | NoteEvent;

/** Who did it, when, why: common to all events. */
export interface Stamp {
  readonly at: number;
  readonly actor: string;
  readonly surface: Surface;
  readonly reason: string | null;
}

export type Stamped<E extends DomainEvent = DomainEvent> = E & Stamp;

/** One row of the ledger before it is chained. `id` makes the write idempotent. */
export type LedgerEvent<E extends DomainEvent = DomainEvent> = Stamped<E> & {
  readonly id: string;
  readonly service: string;
  readonly subject: string;
};

/** What is told to people: one batch per slot, never one per bug (T-157). */
export interface Message {
  readonly topic:
    | 'validate'
    | 'queued'
    | 'released'
    | 'rolled-back'
    | 'left-behind'
    | 'moved'
    | 'unknown-state'
    | 'analysis'
    | 'blocked'
    /** People are asked about a soft breach, or nobody has answered yet. */
    | 'question'
    | 'escalation'
    | 'answered'
    /** A `notify` or a `page` breach (P-071). */
    | 'breach'
    | 'alarm';
  readonly service: string;
  readonly env: string | null;
  readonly bugs: readonly string[];
  readonly title: string;
  readonly text: string;
}

import { setDefaultSignalHandler, setHandler, type SignalDefinition } from '@temporalio/workflow';
import type { DomainEvent } from '../domain/events';
import { TEMPORAL_OPERATOR } from '../domain/people';
import { isShaped } from '../domain/wire';
import type { Intake } from './intake';
import type { Journal } from './journal';

/** How much of a stranger's name is worth keeping. */
const LONGEST_NAME = 80;

/** Listens to a signal of other runs; a malformed one is counted and recorded, and the run lives on (3-architecture §3 rule 13). */
export function onSignal<S, E extends DomainEvent, T>(
  journal: Journal<S, E>,
  intake: Intake,
  signal: SignalDefinition<[T]>,
  shape: Parameters<typeof isShaped>[1],
  handler: (payload: T) => void | Promise<void>,
  /** What the shape cannot say. */
  whole: (payload: T) => boolean = () => true,
): void {
  setHandler(signal, (payload) => {
    intake.took();
    if (isShaped(payload, shape) && whole(payload)) return handler(payload);
    const problem = `expected a whole object with ${Object.keys(shape).join(', ')}`;
    journal.note({ kind: 'message.malformed', data: { name: signal.name, problem } }, TEMPORAL_OPERATOR);
  });
}

/** Signals of names that nobody knows would pile up unseen until Temporal refuses every further one (6-faults F30). */
export function onStrangers<S, E extends DomainEvent>(journal: Journal<S, E>, intake: Intake): void {
  setDefaultSignalHandler((name) => {
    intake.took();
    const problem = 'this run knows no message of this name';
    journal.note(
      { kind: 'message.malformed', data: { name: name.slice(0, LONGEST_NAME), problem } },
      TEMPORAL_OPERATOR,
    );
  });
}

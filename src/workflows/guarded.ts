import { setHandler, type SignalDefinition } from '@temporalio/workflow';
import type { DomainEvent } from '../domain/events';
import { TEMPORAL_OPERATOR } from '../domain/people';
import { isShaped } from '../domain/wire';
import type { Journal } from './journal';

/** Listens to a signal of other runs; a malformed one is recorded, and the run lives on (3-architecture §3 rule 13). */
export function onSignal<S, E extends DomainEvent, T>(
  journal: Journal<S, E>,
  signal: SignalDefinition<[T]>,
  shape: Parameters<typeof isShaped>[1],
  handler: (payload: T) => void | Promise<void>,
): void {
  setHandler(signal, (payload) => {
    if (isShaped(payload, shape)) return handler(payload);
    const problem = `expected an object with ${Object.keys(shape).join(', ')}`;
    journal.note({ kind: 'message.malformed', data: { name: signal.name, problem } }, TEMPORAL_OPERATOR);
  });
}

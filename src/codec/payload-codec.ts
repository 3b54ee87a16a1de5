/** Seals what leaves for Temporal and opens what comes back, each payload for the run that owns it (6-faults E13). */
import type { Payload, PayloadCodec, SerializationContext } from '@temporalio/common';
import type { Encryption } from './keys';
import { isSealed, open, seal, type Owner } from './seal';

/**
 * A codec that never throws while it opens: one hostile message would fail every task of its run. What cannot be opened
 * becomes a payload of an encoding that nobody knows and that says why. Readers of messages record it as malformed;
 * where a run's own data is concerned the task waits for the right key instead of going on with nothing (rule 13, F33).
 */
export function createPayloadCodec(encryption: Encryption): PayloadCodec {
  const opened = (owner: Owner, payload: Payload): Payload => {
    if (!isSealed(payload)) return encryption.plaintext === 'accept' ? payload : refused('not sealed at all');
    const result = open(encryption, owner, payload);
    return result.ok ? result.payload : refused(result.reason);
  };
  return {
    encode(payloads, context) {
      return settled(() => payloads.map((payload) => seal(encryption, ownerIn(context), payload)));
    },
    decode(payloads, context) {
      return settled(() => payloads.map((payload) => opened(ownerIn(context), payload)));
    },
  };
}

/** The SDK gives each payload the run it belongs to: the target of a start or a signal, the run that an activity serves. */
function ownerIn(context: SerializationContext | undefined): Owner {
  if (context?.workflowId !== undefined) return { namespace: context.namespace, workflowId: context.workflowId };
  throw new Error('A payload that belongs to no run is neither sealed nor opened.');
}

const refused = (reason: string): Payload => ({
  metadata: { encoding: Buffer.from(`refused, because it is ${reason}`) },
  data: new Uint8Array(),
});

/** A promise of what is known at once; a failure is its rejection. */
function settled<T>(make: () => T): Promise<T> {
  return new Promise((resolve) => resolve(make()));
}

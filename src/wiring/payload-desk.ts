/** The codec behind the codec server: payloads as JSON carries them, opened for the run that they name. */
import type { Payload } from '@temporalio/common';
import type { PayloadDesk, WirePayload } from '../api/codec-app';
import type { Encryption } from '../codec/keys';
import { claimedWorkflow, isSealed, open, seal } from '../codec/seal';

export function createPayloadDesk(encryption: Encryption, namespace: string): PayloadDesk {
  return {
    owner: (payload) => (isSealed(fromWire(payload)) ? claimedWorkflow(fromWire(payload)) : null),
    open(payload) {
      const sealed = fromWire(payload);
      const opened = open(encryption, { namespace, workflowId: claimedWorkflow(sealed) }, sealed);
      return toWire(opened.ok ? opened.payload : note(opened.reason));
    },
    seal: (payload, workflowId) => toWire(seal(encryption, { namespace, workflowId }, fromWire(payload))),
  };
}

/** Stands in the UI where a payload stood that does not open. */
const note = (reason: string): Payload => ({
  metadata: { encoding: Buffer.from('json/plain') },
  data: Buffer.from(JSON.stringify({ undecodable: reason })),
});

const fromWire = ({ metadata, data }: WirePayload): Payload => ({
  metadata: Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name, Buffer.from(value, 'base64')])),
  data: Buffer.from(data, 'base64'),
});

const toWire = ({ metadata, data }: Payload): WirePayload => ({
  metadata: Object.fromEntries(
    Object.entries(metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString('base64')]),
  ),
  data: Buffer.from(data ?? []).toString('base64'),
});

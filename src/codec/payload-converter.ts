/**
 * The SDK's own payload converter, except that a message which cannot be decoded becomes a value that says so: one
 * malformed signal from anybody with access to the namespace would otherwise fail every task of its run
 * (3-architecture §3 rule 13, F33). A run's own results are another matter: without them it must not go on.
 */
import { defaultPayloadConverter, type PayloadConverter } from '@temporalio/common';

/** Stands where an undecodable message stood; no reader takes it for a message. */
export interface Undecodable {
  readonly undecodable: string;
}

const fromPayload: PayloadConverter['fromPayload'] = (payload, context) => {
  try {
    return defaultPayloadConverter.fromPayload(payload);
  } catch (error) {
    // The task fails and is tried again, until whoever runs this has given the worker the missing key.
    if (context?.type === 'activity') throw error;
    const undecodable: Undecodable = { undecodable: error instanceof Error ? error.message : String(error) };
    return undecodable as never;
  }
};

export const payloadConverter: PayloadConverter = {
  toPayload: (value) => defaultPayloadConverter.toPayload(value),
  fromPayload,
};

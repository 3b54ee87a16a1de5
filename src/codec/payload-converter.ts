/**
 * The SDK's own payload converter, except that what cannot be decoded becomes a value that says so: one malformed signal
 * from anybody with access to the namespace would otherwise fail every task of its run (3-architecture §3 rule 13, F33).
 */
import { defaultPayloadConverter, type PayloadConverter } from '@temporalio/common';

/** Stands where an undecodable payload stood; no reader takes it for a message. */
export interface Undecodable {
  readonly undecodable: string;
}

const fromPayload: PayloadConverter['fromPayload'] = (payload) => {
  try {
    return defaultPayloadConverter.fromPayload(payload);
  } catch (error) {
    const undecodable: Undecodable = { undecodable: error instanceof Error ? error.message : String(error) };
    return undecodable as never;
  }
};

export const payloadConverter: PayloadConverter = {
  toPayload: (value) => defaultPayloadConverter.toPayload(value),
  fromPayload,
};

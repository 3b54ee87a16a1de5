/** What clients and workers are given so that nothing of a run lies readable in Temporal's database. */
import type { DataConverter } from '@temporalio/common';
import type { Encryption } from './keys';
import { createPayloadCodec } from './payload-codec';

/** Codec and failure converter by config; workflows have theirs in the sealed bundle, because they run apart. */
export function createDataConverter(encryption: Encryption): DataConverter {
  return {
    payloadCodecs: [createPayloadCodec(encryption)],
    failureConverterPath: require.resolve('./failure-converter'),
  };
}

import type { TemporalAddress } from '../client/connection';
import { createDataConverter } from '../codec/data-converter';
import { loadEncryption } from '../config/encryption';
import { processVariables } from '../config/process-env';

/** The sealing of payloads that this process is told to do; nothing when it has no keys. @throws ConfigError */
export function sealing(): Pick<TemporalAddress, 'dataConverter'> {
  const encryption = loadEncryption(processVariables(), process.cwd());
  return encryption === null ? {} : { dataConverter: createDataConverter(encryption) };
}

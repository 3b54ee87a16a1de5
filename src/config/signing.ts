/** The keys of signed decisions as settings of a process (6-faults E8); what they are made of is the driver's matter. */
import { ConfigError } from './problems';
import { readSecret, secret, type Secret, type Variables } from './secrets';

export interface SigningSettings {
  /** TIDEGATE_SIGNING_KEY: only the API has it; null: not given. */
  readonly signingKey: Secret | null;
  /** TIDEGATE_VERIFY_KEYS as written: public keys, several while one follows another; empty: none given. */
  readonly verifyKeys: string;
}

/** Each variable holds its value, or `file:path` to it. @throws ConfigError that never repeats a key */
export function loadSigning(variables: Variables, cwd: string): SigningSettings {
  const signingKey = valueOf('TIDEGATE_SIGNING_KEY', variables, cwd);
  return {
    signingKey: signingKey === null ? null : secret(signingKey),
    verifyKeys: valueOf('TIDEGATE_VERIFY_KEYS', variables, cwd) ?? '',
  };
}

function valueOf(path: string, variables: Variables, cwd: string): string | null {
  // An empty variable is how shells and compose files say "not set".
  const given = variables[path]?.trim();
  if (!given?.startsWith('file:')) return given ?? null;
  const reading = readSecret(given, cwd, variables);
  if (reading.ok) return reading.value;
  const { found, allowed } = reading;
  throw new ConfigError([{ file: null, line: null, column: null, path, found, allowed, didYouMean: null }]);
}

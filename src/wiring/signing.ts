/** Who signs and who is trusted, role by role: the API signs, workers and runs know public keys only (6-faults E8). */
import type { LoadedService } from '../config/loaded';
import { processVariables } from '../config/process-env';
import { loadSigning } from '../config/signing';
import { TidegateFailure } from '../domain/failures';
import { ownSigningKey } from '../drivers/ed25519/key-file';
import { createEd25519Signer, readVerifyKeys } from '../drivers/ed25519/keys';
import type { Signer } from '../ports/signer';

export interface Signing {
  readonly signer: Signer;
  /** Public keys that count: the signer's own first, then those it follows or that follow it. */
  readonly trusted: readonly string[];
}

/** For the role `api`. @throws BadPlan without a signing key */
export function apiSigning(): Signing {
  const { signingKey, verifyKeys } = loadSigning(processVariables(), process.cwd());
  if (signingKey !== null) return signingWith(signingKey.reveal(), verifyKeys);
  throw new TidegateFailure(
    'BadPlan',
    'The API signs every decision and has no key: set TIDEGATE_SIGNING_KEY (file:… or the key itself); tidegate auth signing-key makes one.',
  );
}

/** For `up` and the demo: with no key given, one of the state folder's own. */
export async function ownSigning(stateDir: string): Promise<Signing> {
  const { signingKey, verifyKeys } = loadSigning(processVariables(), process.cwd());
  return signingWith(signingKey?.reveal() ?? (await ownSigningKey(stateDir)), verifyKeys);
}

/** For the role `worker`. @throws BadPlan without public keys */
export function workerKeys(): readonly string[] {
  const keys = readVerifyKeys(loadSigning(processVariables(), process.cwd()).verifyKeys);
  if (keys.length > 0) return keys;
  throw new TidegateFailure(
    'BadPlan',
    'A worker lets nothing pass that the API did not sign, and it knows no key: set TIDEGATE_VERIFY_KEYS to the public key that tidegate auth signing-key showed.',
  );
}

export function signingWith(signingKey: string, verifyKeys = ''): Signing {
  const signer = createEd25519Signer(signingKey);
  return { signer, trusted: [...new Set([signer.publicKey, ...readVerifyKeys(verifyKeys)])] };
}

/** The services with the public keys whose signatures count. */
export function trusting(services: readonly LoadedService[], signers: readonly string[]): readonly LoadedService[] {
  return services.map((loaded) => ({ ...loaded, policy: { ...loaded.policy, signers } }));
}

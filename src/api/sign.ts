import { signedText, SIGNATURE_LASTS_MS, writeSignature, type Binding, type Signable } from '../domain/signed';
import type { Signer } from '../ports/signer';

/** The decision with this API's signature, for one gate as it stands now and a short time (6-faults E8). */
export function signed<D extends Signable>(
  decision: D,
  gate: Pick<Binding, 'workflow' | 'round' | 'revision'>,
  now: number,
  signer: Signer,
): D {
  const binding = { ...gate, issuedAt: now, expiresAt: now + SIGNATURE_LASTS_MS };
  const value = signer.sign(signedText(binding, decision));
  return { ...decision, signature: writeSignature(binding, signer.publicKey, value) };
}

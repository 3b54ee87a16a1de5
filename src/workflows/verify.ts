/**
 * The one verifier of signatures inside workflows: pure JavaScript and synchronous, because the sandbox has no Node crypto
 * and a gate decides without an await (6-faults E8).
 */
import { sign } from 'tweetnacl';
import type { Verify } from '../domain/signed';

/** Ed25519; hex that is malformed or of the wrong length verifies nothing. */
export const verifySignature: Verify = (text, signature, publicKey) => {
  const [value, key] = [bytesOf(signature), bytesOf(publicKey)];
  if (value?.length !== sign.signatureLength || key?.length !== sign.publicKeyLength) return false;
  // The sandbox's encoder answers with an array of another realm, which the library takes for something else.
  return sign.detached.verify(Uint8Array.from(new TextEncoder().encode(text)), value, key);
};

function bytesOf(hex: string): Uint8Array | null {
  if (!/^([0-9a-f]{2})+$/.test(hex)) return null;
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

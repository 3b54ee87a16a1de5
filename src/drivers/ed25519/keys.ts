/** Ed25519 by Node's own crypto: keys as hex, signatures over UTF-8 text as hex (6-faults E8). */
import { createPrivateKey, createPublicKey, randomBytes, sign, verify, type KeyObject } from 'node:crypto';
import { TidegateFailure } from '../../domain/failures';
import type { Verify } from '../../domain/signed';
import type { Signer } from '../../ports/signer';

/** Private and public keys look alike in hex: the prefixes keep one from being put where the other belongs. */
const PRIVATE = /^tgs_([0-9a-f]{64})$/;
const PUBLIC = /^tgv_([0-9a-f]{64})$/;

/** What stands in front of the 32 bytes of a key in its standard form (RFC 8410). */
const PRIVATE_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');
const PUBLIC_HEAD = Buffer.from('302a300506032b6570032100', 'hex');

export interface KeyPair {
  /** `tgs_…`: for the API alone. */
  readonly signingKey: string;
  /** `tgv_…`: for everybody who checks. */
  readonly verifyKey: string;
}

export function makeKeyPair(): KeyPair {
  const signingKey = `tgs_${randomBytes(32).toString('hex')}`;
  return { signingKey, verifyKey: `tgv_${createEd25519Signer(signingKey).publicKey}` };
}

/** @throws BadPlan that never repeats the key */
export function createEd25519Signer(signingKey: string): Signer {
  const seed = PRIVATE.exec(signingKey)?.[1];
  if (seed === undefined) {
    const sentence =
      'TIDEGATE_SIGNING_KEY is no signing key: tgs_ and 64 hex digits, as tidegate auth signing-key makes.';
    throw new TidegateFailure('BadPlan', sentence);
  }
  const der = Buffer.concat([PRIVATE_HEAD, Buffer.from(seed, 'hex')]);
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const publicKey = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex');
  return { publicKey, sign: (text) => sign(null, Buffer.from(text, 'utf8'), key).toString('hex') };
}

/** The hex of public keys written as `tgv_…`, separated by commas or white space. @throws BadPlan */
export function readVerifyKeys(list: string): readonly string[] {
  const words = list.split(/[\s,]+/).filter((word) => word !== '');
  return words.map((word, index) => {
    const key = PUBLIC.exec(word)?.[1];
    if (key !== undefined) return key;
    const sentence = `TIDEGATE_VERIFY_KEYS: key ${index + 1} is no public key: tgv_ and 64 hex digits, several by comma.`;
    throw new TidegateFailure('BadPlan', sentence);
  });
}

/** The same answer as the verifier of the workflows, at a fraction of its cost. */
export const verifyEd25519: Verify = (text, signature, publicKey) => {
  const key = publicKeyOf(publicKey);
  return key !== null && verify(null, Buffer.from(text, 'utf8'), key, Buffer.from(signature, 'hex'));
};

function publicKeyOf(hex: string): KeyObject | null {
  if (!/^[0-9a-f]{64}$/.test(hex)) return null;
  const der = Buffer.concat([PUBLIC_HEAD, Buffer.from(hex, 'hex')]);
  return createPublicKey({ key: der, format: 'der', type: 'spki' });
}

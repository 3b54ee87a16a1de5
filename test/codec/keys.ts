import { createSecretKey, randomBytes } from 'node:crypto';
import type { Encryption, SealingKey } from '../../src/codec/keys';

export const newKey = (id: string): SealingKey => ({ id, key: createSecretKey(randomBytes(32)) });

export const sealingWith = (
  first: SealingKey,
  rest: readonly SealingKey[] = [],
  plaintext: Encryption['plaintext'] = 'refuse',
): Encryption => ({ keys: [first, ...rest], plaintext });

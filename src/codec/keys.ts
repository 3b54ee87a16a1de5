/** The keys that payloads are sealed with, as data; where they come from is the configuration's matter. */
import type { KeyObject } from 'node:crypto';

export interface SealingKey {
  /** Names the key in the clear, in every payload that it sealed. */
  readonly id: string;
  /** 256 random bits. A key object prints and serializes as nothing. */
  readonly key: KeyObject;
}

export interface Encryption {
  /** The first seals, all of them open: that is how keys are changed without a gap. Never empty. */
  readonly keys: readonly [SealingKey, ...SealingKey[]];
  /** What is done with payloads that nobody sealed; `accept` only while runs from before encryption are open. */
  readonly plaintext: 'accept' | 'refuse';
}

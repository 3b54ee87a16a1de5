/** Who a decision is from: the signature's word, never the message's own (3-architecture §3 rule 3). */
import { attest, readSignature, type Attestation, type SignedGate } from '../domain/signed';
import type { Refusal } from '../domain/verbs';
import { gateReads } from './proxies';
import { verifySignature } from './verify';

interface Decision {
  readonly verb: string;
  readonly actor: object | null;
  readonly signature: string | null;
}

/** A decision as it counts: its actor is a person only when the signature says so. */
export interface Attested<D> {
  readonly decision: D;
  /** Authentic, and of another round, time or policy: refused whatever the verb. */
  readonly stale: Refusal | null;
  /** Why a signature that came along counts for nothing; null without one. */
  readonly doubt: string | null;
}

export interface Attester<D> {
  /** Null when only the worker can tell, because the key is not one that this run began with. */
  now(decision: D): Attested<D> | null;
  /** The same, asking the worker for its present keys when that is needed. */
  surely(decision: D): Promise<Attested<D>>;
}

/** How often a run asks for keys that it does not know: a flood of made-up keys costs next to nothing. */
const ASK_EVERY_MS = 60_000;

/**
 * Attests for one gate. Keys come with the run's policy; after a rotation a run learns the newer ones from the worker's
 * own settings, never from a message.
 */
export function createAttester<D extends Decision>(service: string, gate: () => SignedGate): Attester<D> {
  let learned: readonly string[] = [];
  let asking: Promise<void> | null = null;
  let askedAt = -Infinity;

  const look = (decision: D): Attestation => {
    const { signers, ...place } = gate();
    return attest(decision, { ...place, signers: [...signers, ...learned] }, Date.now(), verifySignature);
  };

  async function learn(): Promise<void> {
    learned = await gateReads.signers(service);
  }

  return {
    now(decision) {
      const found = look(decision);
      return found.kind === 'unknown-key' ? null : attested(decision, found);
    },
    async surely(decision) {
      const found = look(decision);
      if (found.kind !== 'unknown-key') return attested(decision, found);
      if (Date.now() - askedAt >= ASK_EVERY_MS) {
        askedAt = Date.now();
        asking = learn();
      }
      await asking;
      return attested(decision, look(decision));
    },
  };
}

function attested<D extends Decision>(decision: D, found: Attestation): Attested<D> {
  switch (found.kind) {
    case 'signed':
      return { decision, stale: null, doubt: null };
    case 'stale': {
      const stale: Refusal = { code: 'stale', sentence: found.sentence, presentSha: null, possible: [] };
      return { decision, stale, doubt: null };
    }
    case 'unsigned':
    case 'unknown-key':
      return { decision: { ...decision, actor: null }, stale: null, doubt: doubtOf(decision, found.kind) };
  }
}

function doubtOf({ signature }: Decision, kind: Attestation['kind']): string | null {
  if (signature === null) return null;
  if (kind === 'unsigned') return 'The signature that came with it is not of this decision at this gate.';
  return `It was signed with key ${readSignature(signature)?.key ?? ''}, which no worker knows: see TIDEGATE_VERIFY_KEYS.`;
}

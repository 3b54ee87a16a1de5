/** Who a decision is from: the signature's word, never the message's own (3-architecture §3 rule 3). */
import { attest, readSignature, type Attestation, type SignedGate, type Verify } from '../domain/signed';
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
  /** Set when it is authentic and of another round, time or policy: refused whatever the verb. */
  readonly refusal: Refusal | null;
  /** Why a signature that came along counts for nothing; null without one. */
  readonly doubt: string | null;
}

/** Null: only the worker can tell, because the key is not one that this run began with. */
export interface Attester<D> {
  /** For a validator: leaves nothing behind, for a replay never sees it. */
  looking(decision: D): Attested<D> | null;
  taking(decision: D): Attested<D> | null;
  /** Asks the worker for its present keys when that is needed. */
  learning(decision: D): Promise<Attested<D>>;
}

/** What is known of a signature; `unchecked`: too many came at once. */
type Found = Attestation | { readonly kind: 'unchecked' };

/** How often a run asks for keys that it does not know: a flood of made-up keys costs next to nothing. */
const ASK_EVERY_MS = 60_000;
/** A check takes milliseconds, and a task that takes seconds fails: so many bad signatures at once are looked at. */
const MOST_AT_ONCE = 10;
const TOO_MANY = 'Its signature was not checked, because too many bad ones came at once: send it again.';

/**
 * Attests for one gate. Keys come with the run's policy; after a rotation a run learns the newer ones from the worker's
 * own settings, never from a message.
 */
export function createAttester<D extends Decision>(service: string, gate: () => SignedGate): Attester<D> {
  const verify = rememberingLast(verifySignature);
  let learned: readonly string[] = [];
  let asking: Promise<void> | null = null;
  let askedAt = -Infinity;
  let bad = { at: 0, count: 0 };

  const look = (decision: D): Attestation => {
    const { signers, ...place } = gate();
    return attest(decision, { ...place, signers: [...signers, ...learned] }, Date.now(), verify);
  };

  /** All messages of one task come at the same instant of the workflow's clock. */
  function guarded(decision: D): Found {
    const at = Date.now();
    if (bad.at !== at) bad = { at, count: 0 };
    if (decision.signature !== null && bad.count >= MOST_AT_ONCE) return { kind: 'unchecked' };
    const found = look(decision);
    if (decision.signature !== null && found.kind !== 'signed') bad.count += 1;
    return found;
  }

  async function learn(): Promise<void> {
    learned = await gateReads.signers(service);
  }

  const known = (decision: D, found: Found): Attested<D> | null =>
    found.kind === 'unknown-key' ? null : attested(decision, found);

  return {
    looking: (decision) => known(decision, look(decision)),
    taking: (decision) => known(decision, guarded(decision)),
    async learning(decision) {
      if (Date.now() - askedAt >= ASK_EVERY_MS) {
        askedAt = Date.now();
        asking = learn();
      }
      await asking;
      return attested(decision, guarded(decision));
    },
  };
}

/** A validator and its handler ask the same thing one after the other. */
function rememberingLast(verify: Verify): Verify {
  let asked: Parameters<Verify> | null = null;
  let answer = false;
  return (...question) => {
    if (asked === null || question.some((part, index) => part !== asked?.[index])) {
      answer = verify(...question);
      asked = question;
    }
    return answer;
  };
}

function attested<D extends Decision>(decision: D, found: Found): Attested<D> {
  switch (found.kind) {
    case 'signed':
      return { decision, refusal: null, doubt: null };
    case 'stale':
      return {
        decision,
        refusal: { code: 'stale', sentence: found.sentence, presentSha: null, possible: [] },
        doubt: null,
      };
    case 'unchecked':
      return { decision: { ...decision, actor: null }, refusal: null, doubt: TOO_MANY };
    case 'unsigned':
    case 'unknown-key':
      return { decision: { ...decision, actor: null }, refusal: null, doubt: doubtOf(decision, found.kind) };
  }
}

function doubtOf({ signature }: Decision, kind: Attestation['kind']): string | null {
  if (signature === null) return null;
  if (kind === 'unsigned') return 'The signature that came with it is not of this decision at this gate.';
  return `It was signed with key ${readSignature(signature)?.key ?? ''}, which no worker knows: see TIDEGATE_VERIFY_KEYS.`;
}

/**
 * Signed decisions: the API signs the whole decision, and the one gate, round, policy and time it is for (6-faults E8,
 * abuses 2, 4, 7). The signature travels as text: `v1.<key>.<round>.<revision>.<issuedAt>.<expiresAt>.<value>`.
 */
import { canonicalJson } from './canonical-json';

/** What a decision is bound to besides what it says. */
export interface Binding {
  /** Workflow id of the gate; never a run id, which changes at continue-as-new. */
  readonly workflow: string;
  /** The gate's round: a decision on what the gate asked before counts no more. */
  readonly round: number;
  /** Revision of the policy that the run keeps. */
  readonly revision: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** How long a decision may be on its way; Temporal's own deadline for an update is far shorter. */
export const SIGNATURE_LASTS_MS = 10 * 60_000;
/** How far the clocks of the API and of Temporal may be apart. */
export const CLOCK_SKEW_MS = 5 * 60_000;

/** Whether this text was signed with this public key. */
export type Verify = (text: string, signature: string, publicKey: string) => boolean;

export interface Signable {
  readonly verb: string;
  readonly actor: object | null;
  readonly signature: string | null;
}

/** What a signature says of itself, before anybody has checked it. */
export interface Signature extends Omit<Binding, 'workflow'> {
  readonly key: string;
  readonly value: string;
}

/** Keys are named by the beginning of the public key, so that a name can never belong to another key. */
export const keyId = (publicKey: string): string => publicKey.slice(0, 16);

/** The bytes that are signed, as text: canonical JSON of the binding and the decision without its signature. */
export function signedText({ workflow, round, revision, issuedAt, expiresAt }: Binding, decision: Signable): string {
  const { signature: _, ...said } = decision;
  return canonicalJson({
    format: 'tidegate-decision-v1',
    workflow,
    round,
    revision,
    issuedAt,
    expiresAt,
    decision: said,
  });
}

export function writeSignature(binding: Binding, publicKey: string, value: string): string {
  const { round, revision, issuedAt, expiresAt } = binding;
  return ['v1', keyId(publicKey), round, revision, issuedAt, expiresAt, value].join('.');
}

const SIGNATURE = /^v1\.([0-9a-f]{16})\.(\d{1,15})\.([A-Za-z0-9-]{1,64})\.(\d{1,15})\.(\d{1,15})\.([0-9a-f]{128})$/;

export function readSignature(signature: string | null): Signature | null {
  const [, key, round, revision, issuedAt, expiresAt, value] = SIGNATURE.exec(signature ?? '') ?? [];
  if (key === undefined || revision === undefined || value === undefined) return null;
  return { key, round: Number(round), revision, issuedAt: Number(issuedAt), expiresAt: Number(expiresAt), value };
}

/** The gate that a decision arrives at. */
export interface SignedGate extends Pick<Binding, 'workflow' | 'round' | 'revision'> {
  /** Public keys that count here (hex). */
  readonly signers: readonly string[];
}

/**
 * What a signature is worth here and now. `stale` is authentic and of another time; `unsigned` says nothing of anybody,
 * whatever the message claims; `unknown-key` may be one or the other: a newer key may be in use.
 */
export type Attestation =
  { readonly kind: 'signed' | 'unsigned' | 'unknown-key' } | { readonly kind: 'stale'; readonly sentence: string };

/** The one rule: an actor counts only when the signature over exactly this decision verifies, for this gate, now. */
export function attest(decision: Signable, gate: SignedGate, now: number, verify: Verify): Attestation {
  const signature = readSignature(decision.signature);
  if (signature === null || decision.actor === null) return { kind: 'unsigned' };
  const key = gate.signers.find((each) => keyId(each) === signature.key);
  if (key === undefined) return { kind: 'unknown-key' };
  const text = signedText({ ...signature, workflow: gate.workflow }, decision);
  if (!verify(text, signature.value, key)) return { kind: 'unsigned' };
  const why = staleness(signature, gate, now);
  if (why === null) return { kind: 'signed' };
  return { kind: 'stale', sentence: `This ${decision.verb} ${why}: look at how things stand now, then decide again.` };
}

function staleness({ issuedAt, expiresAt, round, revision }: Signature, gate: SignedGate, now: number): string | null {
  if (now > expiresAt) return 'was signed too long ago';
  if (issuedAt > now + CLOCK_SKEW_MS) return 'was signed by an API whose clock is ahead of Temporal';
  if (round !== gate.round) return 'was given on an earlier state';
  return revision === gate.revision ? null : 'was given under another revision of the policy';
}

/** What stays of a signed approval: kept with it, recorded with it, and verified again before the switch (6-faults E8). */
import { keyId, readSignature, signedText, type Signable, type Verify } from './signed';

export interface Proof {
  /** The signed text: canonical JSON of the decision and what it was bound to. */
  readonly text: string;
  readonly signature: string;
}

/** The proof of a signed decision; null when it carries no signature. */
export function proofOf(workflow: string, decision: Signable): Proof | null {
  const { signature } = decision;
  const parts = readSignature(signature);
  if (parts === null || signature === null) return null;
  return { text: signedText({ ...parts, workflow }, decision), signature };
}

/** What an approval claims to be. */
export interface Claimed {
  readonly workflow: string;
  readonly verb: string;
  readonly by: string;
  /** The fix's head that it lets through. */
  readonly sha: string;
  /** When the gate took it. */
  readonly at: number;
}

/** Null when one of these keys signed exactly what is claimed; else what is wrong, for the middle of a sentence. */
export function proofProblem(
  proof: Proof,
  claimed: Claimed,
  signers: readonly string[],
  verify: Verify,
): string | null {
  const parts = readSignature(proof.signature);
  const key = signers.find((each) => keyId(each) === parts?.key);
  if (parts === null) return 'carries no signature';
  if (key === undefined) return `is signed with key ${parts.key}, which this worker does not trust`;
  if (!verify(proof.text, parts.value, key)) return 'does not belong to its signature';
  const said = JSON.parse(proof.text) as SignedText;
  const { verb, actor, sha } = said.decision;
  if (said.workflow !== claimed.workflow) return `is for ${said.workflow}`;
  if (verb !== claimed.verb || actor.id !== claimed.by) return `is ${verb} of ${actor.id}`;
  if (sha === null || !claimed.sha.startsWith(sha)) return `is for ${sha?.slice(0, 7) ?? 'no commit'}`;
  return claimed.at > said.expiresAt ? 'was taken after it had expired' : null;
}

/** Only trusted keys sign, so what verified has this shape. */
interface SignedText {
  readonly workflow: string;
  readonly expiresAt: number;
  readonly decision: {
    readonly verb: string;
    readonly actor: { readonly id: string };
    readonly sha: string | null;
  };
}

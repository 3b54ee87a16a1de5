/** The key of tests, and decisions signed with it. */
import { signed } from '../../src/api/sign';
import type { Conductor } from '../../src/client/conductor';
import { bugRound, type BugState } from '../../src/domain/bug';
import { deploymentRound } from '../../src/domain/deployment';
import { ENVIRONMENT_ROUND } from '../../src/domain/environment';
import { bugWorkflowId, deploymentWorkflowId, environmentWorkflowId } from '../../src/domain/ids';
import { proofOf, type Proof } from '../../src/domain/proof';
import type { BugDecision } from '../../src/domain/verbs';
import { createEd25519Signer } from '../../src/drivers/ed25519/keys';
import type { Ledger } from '../../src/ports/ledger';
import type { Signer } from '../../src/ports/signer';

export const SIGNING_KEY = `tgs_${'5eed'.repeat(16)}`;
export const SIGNER: Signer = createEd25519Signer(SIGNING_KEY);

/** Somebody else's key, which nobody trusts. */
export const STRANGER: Signer = createEd25519Signer(`tgs_${'bad0'.repeat(16)}`);

/** The decision as the API would send it for a bug as it stands. */
export function signedFor(state: BugState, decision: BugDecision, now: number, signer = SIGNER): BugDecision {
  const { service, id, revision } = state;
  return signed(decision, { workflow: bugWorkflowId(service, id), round: bugRound(state), revision }, now, signer);
}

/** Sends what carries no signature yet as the API would: signed, for the state that the ledger holds. */
export function signing(conductor: Conductor, ledger: Ledger, now: () => Promise<number>): Conductor {
  return {
    ...conductor,
    async decideBug(service, bug, decision) {
      const state = decision.signature === null ? await ledger.bug(service, bug) : null;
      return conductor.decideBug(service, bug, state ? signedFor(state, decision, await now()) : decision);
    },
    async decideEnvironment(service, env, decision) {
      const revision = (await ledger.environment(service, env))?.revision ?? '';
      const gate = { workflow: environmentWorkflowId(service, env), round: ENVIRONMENT_ROUND, revision };
      return conductor.decideEnvironment(service, env, signed(decision, gate, await now(), SIGNER));
    },
    async decideDeployment(service, env, decision, id) {
      const state = decision.signature === null ? await ledger.deployment(id) : null;
      if (state === null) return conductor.decideDeployment(service, env, decision, id);
      const workflow = deploymentWorkflowId(service, env, id);
      const gate = { workflow, round: deploymentRound(state), revision: state.revision };
      return conductor.decideDeployment(service, env, signed(decision, gate, await now(), SIGNER), id);
    },
  };
}

const NOTHING = { reason: null, severity: null, foundIn: null, flow: null, ref: null };

/** The proof of an approval, as the gate of `bug/<service>/<bug>` would have kept it. */
export function proofBy(by: string, sha: string, bug: string, at: number, service = 'shop', signer = SIGNER): Proof {
  const actor = { id: by, roles: ['manager'], surface: 'api' } as const;
  const said = { id: `approval-${by}-${at}`, verb: 'approve-prod', actor, signature: null, sha, ...NOTHING } as const;
  const workflow = bugWorkflowId(service, bug);
  const proof = proofOf(workflow, signed(said, { workflow, round: 0, revision: 'r1' }, at, signer));
  if (proof === null) throw new Error('a signed decision has a proof');
  return proof;
}

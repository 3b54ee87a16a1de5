/**
 * The one decision table: state × verb × actor × policy → allowed, or the sentence why not.
 * API, CLI, bot, board and the workflows all read it, so every refusal is the same sentence (3-architecture §1).
 */
import type { BugState, Severity } from './bug';
import type { Actor, Role } from './people';
import { environmentPolicy, type ApprovalRule, type ServicePolicy } from './policy';
import {
  BUG_VERBS,
  VERBS,
  type Action,
  type BugDecision,
  type BugVerb,
  type Refusal,
  type RefusalCode,
  type Ruling,
} from './verbs';

/** What a decision is made on; nothing here is read from outside. */
export interface BugGate {
  readonly state: BugState;
  readonly policy: ServicePolicy;
}

const SHORT = 7;
const short = (sha: string): string => sha.slice(0, SHORT);
/** Words for a sentence; never empty. */
export const list = (words: readonly string[]): string => (words.length === 0 ? 'none' : words.join(', '));

/** The approval rule that production asks for a bug of this severity. */
export function approvalRule(policy: ServicePolicy, severity: Severity): ApprovalRule {
  const { approvals } = environmentPolicy(policy, policy.production);
  return approvals.severity?.[severity] ?? approvals.default;
}

/** Distinct approvals that still count for the present fix. */
export function countedApprovals(state: BugState): number {
  const people = state.approvals.filter(({ sha }) => sha === state.fix?.head).map(({ by }) => by);
  return new Set(people).size;
}

/** Whether a SHA that a person gave, whole or abbreviated to at least seven digits, names this commit. */
export function namesCommit(given: string, sha: string): boolean {
  return given.length >= SHORT && sha.startsWith(given.toLowerCase());
}

/** By the addresses that the config lists for a person; for whoever lists none, by the part before the @. */
function isAuthor({ id }: Actor, { state, policy }: BugGate): boolean {
  const authors = (state.fix?.authors ?? []).map((author) => author.toLowerCase());
  const own = policy.emails[id];
  if (own) return authors.some((author) => own.includes(author));
  const name = id.toLowerCase();
  return authors.some((author) => author === name || author.split('@')[0] === name);
}

/** A reason why not, before it is dressed as a refusal. */
export type Problem = { readonly code: RefusalCode; readonly sentence: string; readonly presentSha?: string };

/** Null when the actor has one of the roles. */
export function roleProblem(actor: Actor, verb: string, roles: readonly Role[]): Problem | null {
  if (actor.roles.some((role) => roles.includes(role))) return null;
  if (actor.surface === 'temporal-ui') {
    return {
      code: 'not-allowed',
      sentence: `${verb} needs a known person: approve through the API, CLI, board or bot.`,
    };
  }
  return {
    code: 'not-allowed',
    sentence: `${verb} is for ${roles.join(' or ')}; ${actor.id} is ${list(actor.roles)}. Ask somebody with one of these roles.`,
  };
}

function approverProblem(gate: BugGate, actor: Actor): Problem | null {
  const { state, policy } = gate;
  const rule = approvalRule(policy, state.severity);
  const role = roleProblem(actor, 'approve-prod', rule.roles);
  if (role) return role;
  const who = `Somebody else who is ${rule.roles.join(' or ')} must approve.`;
  if (rule.notRequester && actor.id === state.reporter) {
    return {
      code: 'not-allowed',
      sentence: `${actor.id} reported bug ${state.id}, and ${policy.production} asks for four eyes. ${who}`,
    };
  }
  if (rule.notRequester && isAuthor(actor, gate)) {
    return {
      code: 'not-allowed',
      sentence: `${actor.id} wrote the fix of bug ${state.id}, and ${policy.production} asks for four eyes. ${who}`,
    };
  }
  return null;
}

function withdrawProblem(state: BugState, actor: Actor): Problem | null {
  if (state.status === 'submitted') {
    if (actor.id === state.reporter) return null;
    return {
      code: 'not-allowed',
      sentence: `Only its reporter, ${state.reporter}, may withdraw bug ${state.id} before it is confirmed.`,
    };
  }
  if (state.approvals.some(({ by }) => by === actor.id)) return null;
  const approvers = list(state.approvals.map(({ by }) => by));
  return {
    code: 'not-allowed',
    sentence: `${actor.id} has not approved bug ${state.id}, so there is nothing to take back. Approved by: ${approvers}.`,
  };
}

/** Who may use a verb in a state, apart from what the decision says. */
function whoProblem(gate: BugGate, verb: BugVerb, actor: Actor): Problem | null {
  const { roles } = VERBS[verb];
  if (roles === 'approvers') return approverProblem(gate, actor);
  if (roles === 'own') return withdrawProblem(gate.state, actor);
  if (verb === 'retry' && actor.surface === 'temporal-ui') return null;
  return roleProblem(actor, verb, roles);
}

function stateProblem(gate: BugGate, verb: BugVerb, actor: Actor): Problem | null {
  const { state } = gate;
  const rule = VERBS[verb];
  if (!rule.from.includes(state.status) || state.endedAt !== null) {
    const possible = possibleVerbs(gate, actor);
    return {
      code: 'wrong-state',
      sentence: `Bug ${state.id} is ${state.status}: ${verb} is not possible now. Possible: ${list(possible)}.`,
    };
  }
  if (verb === 'retry' && state.blocked === null) {
    return {
      code: 'wrong-state',
      sentence: `Bug ${state.id} is ${state.status} and nothing blocks it: there is nothing to retry.`,
    };
  }
  if (verb === 'approve-prod' && state.fix === null) {
    return { code: 'wrong-state', sentence: `Bug ${state.id} has no fix yet: attach one first (attach-fix).` };
  }
  if (verb === 'approve-prod' && state.flow !== 'flow1') {
    return {
      code: 'wrong-state',
      sentence: `Bug ${state.id} takes ${state.flow ?? 'no flow'}: approve-prod belongs to flow1.`,
    };
  }
  if (verb === 'approve-prod' && state.approvals.some(({ by, sha }) => by === actor.id && sha === state.fix?.head)) {
    return {
      code: 'wrong-state',
      sentence: `${actor.id} has already approved bug ${state.id}; it waits for another person.`,
    };
  }
  return null;
}

/** A SHA that is no longer the fix's head is stale, in whatever state: the most useful thing to say first. */
function staleProblem(state: BugState, decision: BugDecision): Problem | null {
  if (decision.verb !== 'approve-prod' || decision.sha === null || state.fix === null) return null;
  if (namesCommit(decision.sha, state.fix.head)) return null;
  return {
    code: 'stale',
    sentence: `The fix of bug ${state.id} is now ${short(state.fix.head)}, not ${short(decision.sha)}: look at it again and approve ${short(state.fix.head)}.`,
    presentSha: state.fix.head,
  };
}

function confirmProblem(state: BugState, decision: BugDecision, policy: ServicePolicy): Problem | null {
  const severity = decision.severity ?? state.severity;
  if (severity === 'high' || severity === 'critical') {
    return {
      code: 'invalid',
      sentence: `A ${severity} bug never waits for a slot: it is a hotfix (declare-hotfix), not confirmed. Confirm it as low or medium, or declare the hotfix.`,
    };
  }
  if (decision.foundIn !== null && !policy.ladder.includes(decision.foundIn)) {
    return {
      code: 'invalid',
      sentence: `${policy.service} has no environment ${decision.foundIn}; allowed: ${policy.ladder.join(', ')}.`,
    };
  }
  return null;
}

function contentProblem(gate: BugGate, decision: BugDecision): Problem | null {
  const { state, policy } = gate;
  const { verb } = decision;
  if (VERBS[verb].needsReason && !decision.reason?.trim()) {
    return { code: 'invalid', sentence: `${verb} needs a reason: say why in one sentence.` };
  }
  if (verb === 'attach-fix' && !decision.ref?.trim()) {
    return {
      code: 'invalid',
      sentence: `attach-fix needs ref: the branch that holds the fix, such as ${policy.fix.pattern.replace('{{bug}}', state.id)}.`,
    };
  }
  if (verb === 'approve-prod' && decision.sha === null) {
    return {
      code: 'invalid',
      sentence: `approve-prod names the commit it is for: give sha, the fix's head (${state.fix?.head ?? 'none yet'}).`,
    };
  }
  return verb === 'confirm' ? confirmProblem(state, decision, policy) : null;
}

function refuse(gate: BugGate, actor: Actor, problem: Problem): Ruling {
  const { code, sentence, presentSha = null } = problem;
  return { allowed: false, refusal: { code, sentence, presentSha, possible: possibleVerbs(gate, actor) } };
}

/** Verbs that this person could use on this bug right now. */
export function possibleVerbs(gate: BugGate, actor: Actor): readonly BugVerb[] {
  const { state } = gate;
  if (state.endedAt !== null) return [];
  return BUG_VERBS.filter((verb) => {
    if (!VERBS[verb].from.includes(state.status)) return false;
    return whoProblem(gate, verb, actor) === null && stateProblem(gate, verb, actor) === null;
  });
}

/** May this decision be taken now? Asked by every surface, and again inside the workflow, where races end. */
export function decideBug(gate: BugGate, decision: BugDecision, actor: Actor): Ruling {
  const problem =
    staleProblem(gate.state, decision) ??
    stateProblem(gate, decision.verb, actor) ??
    whoProblem(gate, decision.verb, actor) ??
    contentProblem(gate, decision);
  return problem === null ? { allowed: true } : refuse(gate, actor, problem);
}

/** A refusal that needed facts from outside the state (git, the environments), in the same shape. */
export function refusal(
  gate: BugGate,
  actor: Actor,
  code: RefusalCode,
  sentence: string,
  presentSha: string | null = null,
): Refusal {
  return { code, sentence, presentSha, possible: possibleVerbs(gate, actor) };
}

/** Every verb with whether this person may use it now, and why not: the buttons of a card or page. */
export function bugActions(gate: BugGate, actor: Actor): readonly Action[] {
  return BUG_VERBS.map((verb) => {
    const problem = stateProblem(gate, verb, actor) ?? whoProblem(gate, verb, actor);
    return { verb, label: VERBS[verb].label, allowed: problem === null, why: problem?.sentence ?? null };
  });
}

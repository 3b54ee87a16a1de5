/**
 * Step 0: which way a fix travels, decided before anything else from severity, origin and what the environments
 * really run, and cross-checked in git (T-001 to T-007, X-15, X-17, X-30).
 */
import type { Flow, Severity } from './bug';
import type { Running } from './environment';
import { compareVersions, normalVersion } from './version';

/** A commit that one side holds and the other lacks. */
export interface FlowCommit {
  readonly sha: string;
  readonly subject: string;
  readonly patchId: string | null;
}

export interface FlowEnvironment {
  readonly name: string;
  /** What it runs; null when nobody knows. */
  readonly running: Pick<Running, 'version' | 'sha' | 'base' | 'fixes'> | null;
}

export interface FlowFacts {
  readonly severity: Severity;
  /** The environment the bug was found in. */
  readonly foundIn: string;
  readonly validation: FlowEnvironment;
  readonly production: FlowEnvironment;
  /** By patch id, Tidegate's own version commits apart; null when there was nothing to compare. */
  readonly difference: {
    readonly onlyValidation: readonly FlowCommit[];
    readonly onlyProduction: readonly FlowCommit[];
  } | null;
}

export interface ChosenFlow {
  readonly flow: Flow;
  /** Where it goes, in order; a fix that ships with a release or lives only below production has no production leg. */
  readonly legs: readonly ('validation' | 'production')[];
  /** The version whose release takes the fix to production, or null. */
  readonly shipsWith: string | null;
  readonly evidence: readonly string[];
}

export interface BlockedFlow {
  readonly blocked: { readonly what: string; readonly whoCanLift: string };
  readonly evidence: readonly string[];
}

export type FlowChoice = ChosenFlow | BlockedFlow;

const LISTED = 20;

/**
 * Validation's base follows production's at once when validation holds every patch that production has. The
 * environment records it a moment after the train commits; a bug that is confirmed within that moment must not be
 * blocked by it.
 */
export function followBase(facts: FlowFacts): FlowFacts {
  const { validation, production, difference } = facts;
  if (validation.running === null || production.running === null || difference === null) return facts;
  const behind = olderBase(validation.running.base.version, production.running.base.version);
  if (!behind || difference.onlyProduction.length > 0) return facts;
  return { ...facts, validation: { ...validation, running: { ...validation.running, base: production.running.base } } };
}

function olderBase(left: string, right: string): boolean {
  return normalVersion(left) !== null && normalVersion(right) !== null && compareVersions(left, right) < 0;
}

/**
 * Chooses in the order of T-005: severity, then equal bases → flow 1, validation ahead → flow 2 (or validation first,
 * for a bug seen only there, X-15), production ahead → blocked. Versions that git contradicts block it as well.
 */
export function chooseFlow(facts: FlowFacts): FlowChoice {
  const known = knownOf(facts);
  if (facts.severity === 'high' || facts.severity === 'critical') return emergency(facts, known);
  if ('blocked' in known) return known;
  switch (known.order) {
    case 0:
      return equalBases(facts, known);
    case 1:
      return validationAhead(facts, known);
    case -1:
      return productionAhead(facts, known);
  }
}

/** Why a person who stated a flow is refused, with the evidence; null when nothing was stated or it is right. */
export function checkStated(stated: Flow | null, choice: FlowChoice): string | null {
  if (stated === null) return null;
  if ('blocked' in choice) return `${stated} was stated, but no flow can be chosen yet: ${choice.blocked.what}`;
  if (choice.flow === stated) return null;
  return `${stated} was stated, but ${choice.flow} applies: ${choice.evidence.join('; ')}. Leave the flow out, or state ${choice.flow}.`;
}

interface Known {
  /** Precedence of validation's base against production's: 1 when validation is ahead. */
  readonly order: -1 | 0 | 1;
  readonly base: { readonly validation: string; readonly production: string };
  /** What validation holds besides its pending fixes and production lacks. */
  readonly ahead: readonly FlowCommit[];
  /** What production holds and validation lacks. */
  readonly missing: readonly FlowCommit[];
  readonly evidence: readonly string[];
}

function knownOf(facts: FlowFacts): Known | BlockedFlow {
  const validation = facts.validation.running;
  const production = facts.production.running;
  if (!validation) return unknownVersion(facts.validation.name, 'nothing is recorded');
  if (!production) return unknownVersion(facts.production.name, 'nothing is recorded');
  const broken = [facts.validation, facts.production].find(
    ({ running }) => running && normalVersion(running.base.version) === null,
  );
  if (broken) return unknownVersion(broken.name, `"${broken.running?.base.version ?? ''}" is no semantic version`);
  if (!facts.difference) {
    const what = `${facts.validation.name} and ${facts.production.name} could not be compared in git.`;
    return { blocked: { what, whoCanLift: 'anyone: retry when git answers' }, evidence: [] };
  }
  const pending = new Set(validation.fixes.flatMap((applied) => applied.fix.patchIds));
  return {
    order: compareVersions(validation.base.version, production.base.version),
    base: { validation: validation.base.version, production: production.base.version },
    ahead: facts.difference.onlyValidation.filter(({ patchId }) => patchId === null || !pending.has(patchId)),
    missing: facts.difference.onlyProduction,
    evidence: [runs(facts.validation.name, validation), runs(facts.production.name, production)],
  };
}

/** High and critical never wait for a slot (T-040); one that production does not have stays below it. */
function emergency(facts: FlowFacts, known: Known | BlockedFlow): FlowChoice {
  const evidence = [`severity is ${facts.severity}: hotfix, no slot`, ...known.evidence];
  const onlyBelow =
    !('blocked' in known) && known.order === 1 && known.ahead.length > 0 && facts.foundIn !== facts.production.name;
  if (!onlyBelow) return { flow: 'hotfix', legs: ['production', 'validation'], shipsWith: null, evidence };
  const why = `found only in ${facts.foundIn}, which is ahead of ${facts.production.name}: goes to ${facts.validation.name} at once, and not to ${facts.production.name}`;
  return { flow: 'hotfix', legs: ['validation'], shipsWith: null, evidence: [...evidence, why] };
}

function equalBases(facts: FlowFacts, known: Known): FlowChoice {
  const { validation, production } = facts;
  if (known.ahead.length > 0 || known.missing.length > 0) {
    const what = `${validation.name} and ${production.name} both stand on ${known.base.production}, but git shows that their commits differ.`;
    return disagreement(facts, known, what);
  }
  const evidence = [...known.evidence, `both stand on ${known.base.production}, and git agrees`];
  return { flow: 'flow1', legs: ['validation', 'production'], shipsWith: null, evidence };
}

function validationAhead(facts: FlowFacts, known: Known): FlowChoice {
  const { validation, production } = facts;
  if (known.ahead.length === 0) {
    const what = `${validation.name} says ${known.base.validation}, ahead of ${production.name} with ${known.base.production}, but git shows nothing that ${production.name} lacks.`;
    return disagreement(facts, known, what);
  }
  const evidence = [
    ...known.evidence,
    `${validation.name} is ahead of ${production.name} by ${count(known.ahead)}`,
    ...(known.missing.length > 0
      ? [`${production.name} also holds ${count(known.missing)} not on ${validation.name}`]
      : []),
  ];
  if (facts.foundIn === production.name) {
    return { flow: 'flow2', legs: ['production', 'validation'], shipsWith: null, evidence };
  }
  const shipsWith = known.base.validation;
  return {
    flow: 'flow1',
    legs: ['validation'],
    shipsWith,
    evidence: [...evidence, `found only in ${facts.foundIn}`, `ships with ${shipsWith}`],
  };
}

function productionAhead(facts: FlowFacts, known: Known): FlowChoice {
  const { validation, production } = facts;
  if (known.missing.length === 0) {
    const what = `${production.name} says ${known.base.production}, ahead of ${validation.name} with ${known.base.validation}, but git shows nothing that ${validation.name} lacks.`;
    return disagreement(facts, known, what);
  }
  return {
    blocked: {
      what: `${production.name} is ahead: ${validation.name} lacks ${count(known.missing)} of ${production.name}. Bring ${validation.name} up to ${known.base.production} first, then retry.`,
      whoCanLift: `an admin or manager, by bringing ${validation.name} up to ${known.base.production}`,
    },
    evidence: [...known.evidence, ...listed(`${validation.name} lacks`, known.missing)],
  };
}

function disagreement(facts: FlowFacts, known: Known, what: string): BlockedFlow {
  const { validation, production } = facts;
  return {
    blocked: {
      what: `${what} Recheck both environments, then retry.`,
      whoCanLift: `an admin or operator, by rechecking ${validation.name} and ${production.name}`,
    },
    evidence: [
      ...known.evidence,
      ...listed(`only on ${validation.name}:`, known.ahead),
      ...listed(`only on ${production.name}:`, known.missing),
    ],
  };
}

function unknownVersion(env: string, why: string): BlockedFlow {
  const what = `What ${env} runs is not known: ${why}. Recheck ${env}, or deploy to it once, then retry.`;
  return { blocked: { what, whoCanLift: `an admin or operator, by rechecking ${env}` }, evidence: [what] };
}

function runs(env: string, running: NonNullable<FlowEnvironment['running']>): string {
  const pending = running.fixes.map((applied) => `#${applied.bug}`).join(', ');
  const besides = pending ? `, with ${pending} pending` : '';
  return `${env} runs ${running.version} at ${short(running.sha)} on base ${running.base.version}${besides}`;
}

function listed(label: string, commits: readonly FlowCommit[]): readonly string[] {
  const lines = commits.slice(0, LISTED).map((commit) => `${label} ${short(commit.sha)} ${commit.subject}`);
  return commits.length > LISTED ? [...lines, `${label} ${commits.length - LISTED} more`] : lines;
}

const short = (sha: string): string => sha.slice(0, 10);
const count = (commits: readonly FlowCommit[]): string =>
  commits.length === 1 ? '1 commit' : `${commits.length} commits`;

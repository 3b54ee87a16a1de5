/**
 * Reads what anybody may send to a workflow, Temporal's own UI included: missing fields become nulls, malformed input a
 * typed problem that is recorded, never a failing workflow task (3-architecture §3 rule 13).
 */
import { FLOWS, SEVERITIES } from './bug';
import { ROLES, SURFACES, type Actor } from './people';
import {
  BUG_VERBS,
  DEPLOYMENT_VERBS,
  ENVIRONMENT_VERBS,
  type BugDecision,
  type DeploymentDecision,
  type EnvironmentDecision,
} from './verbs';

export type Read<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string };

/** Longest free text a decision may carry. */
const LONGEST = 4_000;
/** Longest id: a run remembers many of them. */
const LONGEST_ID = 200;

type Fields = Readonly<Record<string, unknown>>;

const fail = (problem: string): { readonly ok: false; readonly problem: string } => ({ ok: false, problem });

function text(fields: Fields, name: string): string | null {
  const value = fields[name];
  return typeof value === 'string' ? value.slice(0, LONGEST) : null;
}

function oneOf<T extends string>(fields: Fields, name: string, allowed: readonly T[]): T | null {
  const value = fields[name];
  return allowed.find((word) => word === value) ?? null;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readActor(value: unknown): Actor | null {
  if (!isFields(value)) return null;
  const id = text(value, 'id');
  const surface = oneOf(value, 'surface', SURFACES);
  if (id === null || id === '' || surface === null || !Array.isArray(value.roles)) return null;
  const given: readonly unknown[] = value.roles;
  return { id, surface, roles: ROLES.filter((role) => given.includes(role)) };
}

function readCommon<V extends string>(
  value: unknown,
  verbs: readonly V[],
  seq: number,
): Read<{ id: string; verb: V; fields: Fields }> {
  if (!isFields(value)) return fail('a decision is an object such as {"verb":"retry"}');
  const verb = oneOf(value, 'verb', verbs);
  if (verb === null) return fail(`verb is missing or unknown; allowed: ${verbs.join(', ')}`);
  const given = text(value, 'id');
  if (given !== null && given.length > LONGEST_ID) return fail(`id is longer than ${LONGEST_ID} characters`);
  return { ok: true, value: { id: given === null || given === '' ? `unsigned-${seq}` : given, verb, fields: value } };
}

/** A decision on a bug from untrusted input; `seq` names one that came without an id. */
export function readBugDecision(value: unknown, seq: number): Read<BugDecision> {
  const common = readCommon(value, BUG_VERBS, seq);
  if (!common.ok) return common;
  const { id, verb, fields } = common.value;
  return {
    ok: true,
    value: {
      id,
      verb,
      actor: readActor(fields.actor),
      signature: text(fields, 'signature'),
      sha: text(fields, 'sha'),
      reason: text(fields, 'reason'),
      severity: oneOf(fields, 'severity', SEVERITIES),
      foundIn: text(fields, 'foundIn'),
      flow: oneOf(fields, 'flow', FLOWS),
      ref: text(fields, 'ref'),
    },
  };
}

/** A decision on an environment from untrusted input. */
export function readEnvironmentDecision(value: unknown, seq: number): Read<EnvironmentDecision> {
  const common = readCommon(value, ENVIRONMENT_VERBS, seq);
  if (!common.ok) return common;
  const { id, verb, fields } = common.value;
  const actor = readActor(fields.actor);
  return { ok: true, value: { id, verb, actor, signature: text(fields, 'signature'), reason: text(fields, 'reason') } };
}

/** A decision on a deployment under way from untrusted input; what is no number of minutes is none. */
export function readDeploymentDecision(value: unknown, seq: number): Read<DeploymentDecision> {
  const common = readCommon(value, DEPLOYMENT_VERBS, seq);
  if (!common.ok) return common;
  const { id, verb, fields } = common.value;
  const minutes = typeof fields.minutes === 'number' && Number.isFinite(fields.minutes) ? fields.minutes : null;
  const [signature, reason] = [text(fields, 'signature'), text(fields, 'reason')];
  return { ok: true, value: { id, verb, actor: readActor(fields.actor), signature, reason, minutes } };
}

type FieldType = 'string' | 'number' | 'object' | 'object or null';

function isOf(value: unknown, type: FieldType): boolean {
  if (type === 'object or null') return typeof value === 'object';
  return typeof value === type && value !== null;
}

/** Whether a machine's message has these fields: what has not is recorded and let go, never a failing task (rule 13). */
export function isShaped(value: unknown, shape: Readonly<Record<string, FieldType>>): boolean {
  return isFields(value) && Object.entries(shape).every(([name, type]) => isOf(value[name], type));
}

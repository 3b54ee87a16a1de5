/**
 * Reads what anybody may send to a workflow, Temporal's own UI included: missing fields become nulls, malformed input a
 * typed problem that is recorded, never a failing workflow task (3-architecture §3 rule 13).
 */
import { FLOWS, SEVERITIES } from './bug';
import { REQUEST_KINDS, type DeployRequest } from './environment';
import { ROLES, SURFACES, type Actor } from './people';
import { SLOT_KINDS } from './slots';
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

type FieldType = 'string' | 'number' | 'array' | 'object' | 'object or null';

function isOf(value: unknown, type: FieldType): boolean {
  if (type === 'array') return Array.isArray(value);
  if (type === 'object or null') return typeof value === 'object';
  return typeof value === type && value !== null;
}

/** Whether a machine's message has these fields: what has not is recorded and let go, never a failing task (rule 13). */
export function isShaped(value: unknown, shape: Readonly<Record<string, FieldType>>): boolean {
  return isFields(value) && Object.entries(shape).every(([name, type]) => isOf(value[name], type));
}

const DAY_MS = 86_400_000;

/** An instant that the calendar can work with. */
function isInstant(value: unknown, latest: number): boolean {
  return typeof value === 'number' && value >= 0 && value <= latest;
}

const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every((item) => typeof item === 'string');

const FIX = { ref: 'string', head: 'string', base: 'string' } as const;
const APPROVAL = { by: 'string', at: 'number', sha: 'string', proof: 'object' } as const;

function isFix(value: unknown): boolean {
  return isFields(value) && isShaped(value, FIX) && [value.patchIds, value.files, value.authors].every(isTexts);
}

function isPassenger(value: unknown): boolean {
  if (!isFields(value) || !isShaped(value, { bug: 'string', title: 'string', approvals: 'array' })) return false;
  const approvals = value.approvals as readonly unknown[];
  return (
    oneOf(value, 'severity', SEVERITIES) !== null &&
    isTexts(value.modules) &&
    isFix(value.fix) &&
    approvals.every((approval) => isShaped(approval, APPROVAL))
  );
}

/**
 * A place on a train as any run may ask for it; null when it lacks what the queue and a train need, which would hold up
 * everybody behind it.
 * @param now the environment's own time: a request of the far future could never be planned
 */
export function readRequest(value: unknown, now: number): DeployRequest | null {
  if (!isFields(value) || !isShaped(value, { id: 'string', replyTo: 'string' })) return null;
  const { id, slot, passenger, at, told } = value;
  const kind = oneOf(value, 'kind', REQUEST_KINDS);
  const place = oneOf(value, 'slot', SLOT_KINDS);
  const named = id !== '' && String(id).length <= LONGEST_ID && value.replyTo !== '';
  const placed = place !== null || (slot === null && kind !== null && kind !== 'slot');
  // Clocks differ by less than a day, and no slot is further away than a year.
  const timed = isInstant(at, now + DAY_MS) && (told === null || isInstant(told, now + 366 * DAY_MS));
  const aboard = passenger === null || isPassenger(passenger);
  const labelled = (value.label === null || typeof value.label === 'string') && typeof value.announced === 'boolean';
  const whole = kind !== null && named && placed && timed && aboard && labelled;
  // Checked field by field just above.
  return whole ? (value as unknown as DeployRequest) : null;
}

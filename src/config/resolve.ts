/** From the file as written to policy and calendar: every default filled in, every duration in ms, no secret. */
import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { canonicalJson } from '../domain/canonical-json';
import type {
  ApprovalRule,
  Calendar,
  DeployPolicy,
  EnvironmentPolicy,
  ServicePolicy,
  SmokeCase,
  TrainPolicy,
} from '../domain/policy';
import { WEEKDAYS } from '../domain/slots';
import type { FreezeRule, SlotRule } from '../domain/slots';
import { APPROVALS, DEFAULTS } from './defaults';
import { ms, resolveWatch } from './resolve-watch';
import { durationMs, fullTime } from './scalars';
import type { ConfigFile } from './schema';
import type { ApprovalRuleInput, EnvironmentInput } from './schema-environment';
import type { SmokeCaseInput } from './schema-smoke';
import { readSmokeTarget } from './smoke-target';

/** Smoke checks of each environment, wherever they were written. */
export type SmokeByEnvironment = Readonly<Record<string, readonly SmokeCaseInput[]>>;

export function resolveCalendar(file: ConfigFile): Calendar {
  return {
    service: file.service,
    zone: file.timezone,
    t1: resolveSlot(file.slots.t1),
    t2: resolveSlot(file.slots.t2),
    freezes: (file.freezes ?? []).map(resolveFreeze),
  };
}

/** The policy of a checked file; its revision is the digest of policy and calendar, whatever the order of keys. */
export function resolvePolicy(file: ConfigFile, calendar: Calendar, smoke: SmokeByEnvironment): ServicePolicy {
  const ladder = Object.keys(file.environments);
  const production = ladder[ladder.length - 1];
  const validation = ladder[ladder.length - 2];
  if (production === undefined || validation === undefined) throw new Error('the ladder was not checked');
  const policy = {
    service: file.service,
    zone: file.timezone,
    ladder,
    validation,
    production,
    environments: Object.fromEntries(
      Object.entries(file.environments).map(([name, input], position) => [
        name,
        resolveEnvironment(name, position, name === production, input, smoke[name] ?? []),
      ]),
    ),
    repo: resolveRepo(file.repo),
    train: resolveTrain(file.train ?? {}),
    fix: resolveFix(file.fix ?? {}),
    analysis: { provider: file.analysis?.provider ?? 'git' },
    emails: resolveEmails(file.people),
  } satisfies Omit<ServicePolicy, 'revision' | 'signers'>;
  // Keys are a matter of the process, not of the file: the wiring puts them in.
  return { ...policy, revision: revisionOf(policy, calendar), signers: [] };
}

function resolveRepo(input: ConfigFile['repo']): ServicePolicy['repo'] {
  return {
    main: input.main ?? DEFAULTS.main,
    versionFile: input.versionFile ?? DEFAULTS.versionFile,
    changelog: input.changelog ?? DEFAULTS.changelog,
  };
}

function resolveEmails(people: ConfigFile['people']): ServicePolicy['emails'] {
  const listed = Object.entries(people).flatMap(([id, { emails }]): [string, readonly string[]][] =>
    emails ? [[id, emails.map((email) => email.toLowerCase())]] : [],
  );
  return Object.fromEntries(listed);
}

function resolveTrain(input: NonNullable<ConfigFile['train']>): TrainPolicy {
  return {
    mode: input.mode ?? 'together',
    onFailure: input.onFailure ?? 'isolate',
    isolate: {
      tries: input.isolate?.tries ?? DEFAULTS.isolate.tries,
      forMs: ms(input.isolate?.for, DEFAULTS.isolate.forMs),
    },
  };
}

function resolveFix(input: NonNullable<ConfigFile['fix']>): ServicePolicy['fix'] {
  return {
    provider: input.provider ?? 'branch',
    pattern: input.pattern ?? DEFAULTS.pattern,
    mainline: input.mainline ?? 'duty',
  };
}

const REVISION_LENGTH = 12;

function revisionOf(policy: Omit<ServicePolicy, 'revision' | 'signers'>, calendar: Calendar): string {
  return createHash('sha256').update(canonicalJson({ policy, calendar })).digest('hex').slice(0, REVISION_LENGTH);
}

function resolveSlot(input: ConfigFile['slots']['t1']): SlotRule {
  return {
    at: fullTime(input.at),
    days: WEEKDAYS.filter((day) => input.days === undefined || input.days.includes(day)),
    cutoffMs: ms(input.cutoff, 0),
    graceMs: ms(input.grace, DEFAULTS.graceMs),
  };
}

function resolveFreeze(input: NonNullable<ConfigFile['freezes']>[number]): FreezeRule {
  const oneOff = 'from' in input;
  return {
    name: input.name,
    from: oneOff ? input.from : null,
    to: oneOff ? input.to : null,
    cron: oneOff ? null : input.cron,
    forMs: oneOff ? null : durationMs(input.for),
    environments: input.environments ?? null,
    modules: input.modules ?? null,
    reason: input.reason ?? input.name,
    owner: input.owner ?? null,
  };
}

function resolveEnvironment(
  name: string,
  position: number,
  production: boolean,
  input: EnvironmentInput,
  smoke: readonly SmokeCaseInput[],
): EnvironmentPolicy {
  const approvals = {
    default: resolveApprovals(input.approvals?.default, APPROVALS.default),
    freeze: resolveApprovals(input.approvals?.freeze, APPROVALS.freeze),
  };
  const severity = Object.entries(input.approvals?.severity ?? {}).map(
    ([level, rule]): readonly [string, ApprovalRule] => [level, resolveApprovals(rule, approvals.default)],
  );
  return {
    name,
    position,
    production,
    url: withoutSlash(input.url),
    strategies: input.strategies ?? ['all-at-once'],
    deploy: {
      driver: input.deploy.driver,
      idleTimeoutMs: ms(input.deploy.idleTimeout, DEFAULTS.idleTimeoutMs),
      timeoutMs: ms(input.deploy.timeout, DEFAULTS.timeoutMs),
      ...followedScript(input.deploy),
    },
    approvals: { ...approvals, severity: Object.fromEntries(severity) },
    smoke: smoke.map(resolveSmoke),
    watch: resolveWatch(input.watch, production),
  };
}

/** A pinned script is the same whatever the candidate holds. */
function followedScript(deploy: EnvironmentInput['deploy']): Pick<DeployPolicy, 'script'> {
  return deploy.driver === 'script' && deploy.scriptFrom === undefined
    ? { script: posix.normalize(deploy.script) }
    : {};
}

/** A rule that names only part of itself takes the rest from the rule it stands for. */
export function resolveApprovals(input: ApprovalRuleInput | undefined, otherwise: ApprovalRule): ApprovalRule {
  return {
    count: input?.count ?? otherwise.count,
    roles: input?.roles ?? otherwise.roles,
    notRequester: input?.notRequester ?? otherwise.notRequester,
  };
}

function resolveSmoke(input: SmokeCaseInput): SmokeCase {
  const target = readSmokeTarget(input);
  if (target === null) throw new Error(`the smoke check ${input.name} was not checked`);
  return {
    name: input.name,
    method: target.key.toUpperCase() as SmokeCase['method'],
    path: target.path,
    headers: input.headers ?? {},
    body: input.body ?? null,
    expect: {
      status: input.expect?.status ?? 200,
      json: input.expect?.json ?? null,
      contains: input.expect?.contains ?? null,
    },
    timeoutMs: ms(input.timeout, DEFAULTS.smokeTimeoutMs),
  };
}

export const withoutSlash = (url: string): string => url.replace(/\/+$/, '');

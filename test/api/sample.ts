/** A service with people and tokens, as the config would have loaded it, and events as the workflows write them. */
import { createHash } from 'node:crypto';
import type { ApiService } from '../../src/api/auth';
import type { BugReport, Fix } from '../../src/domain/bug';
import type { DeploymentEvent } from '../../src/domain/deployment';
import type { EnvironmentEvent } from '../../src/domain/environment';
import type { DomainEvent, LedgerEvent } from '../../src/domain/events';
import { bugSubject, deploymentSubject, environmentSubject, tokenSubject } from '../../src/domain/ids';
import type { Role } from '../../src/domain/people';
import type { TokenScope } from '../../src/domain/token';
import { SIGNER } from '../support/signing';
import type { Breach } from '../../src/domain/watch';
import type { ApprovalRule, EnvironmentPolicy, ServicePolicy } from '../../src/domain/policy';

export const AT = Date.UTC(2026, 10, 20, 12, 0, 0);
export const HEAD = '4f6f1d2a9c3b5e7d8f0a1b2c3d4e5f60718293a4';
export const OTHER_HEAD = 'aaaaaaa29c3b5e7d8f0a1b2c3d4e5f60718293a4';

/** A person's token is as good as random: made from the name, so that tests can write it down. */
export const tokenOf = (person: string): string => `tg_${createHash('sha256').update(person).digest('base64url')}`;
const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

const RULE: ApprovalRule = { count: 1, roles: ['admin', 'manager'], notRequester: true };

const environment = (name: string, position: number, production: boolean): EnvironmentPolicy => ({
  name,
  position,
  production,
  url: `http://127.0.0.1:410${position + 1}`,
  strategies: ['all-at-once'],
  deploy: { driver: 'script', idleTimeoutMs: 300_000, timeoutMs: 1_800_000 },
  approvals: { default: RULE, freeze: RULE },
  smoke: [],
  watch: {
    windowMs: 900_000,
    everyMs: 60_000,
    baselineMs: 900_000,
    rules: [],
    missing: production ? 'hard' : 'soft',
    noDataMs: 180_000,
    errorLimit: 3,
    miniWindowMs: 300_000,
    soft: {
      askMs: 900_000,
      otherwise: production ? 'rollback' : 'continue',
      escalateMs: 300_000,
      extendMs: 1_800_000,
    },
  },
});

export function policyOf(service: string, rule: ApprovalRule = RULE): ServicePolicy {
  const prod = environment('prod', 1, true);
  return {
    service,
    revision: 'r1',
    zone: 'Asia/Bangkok',
    ladder: ['uat', 'prod'],
    validation: 'uat',
    production: 'prod',
    environments: { uat: environment('uat', 0, false), prod: { ...prod, approvals: { default: rule, freeze: rule } } },
    repo: { main: 'main', versionFile: 'package.json', changelog: 'CHANGELOG.md' },
    train: { mode: 'together', onFailure: 'isolate', isolate: { tries: 3, forMs: 10_800_000 } },
    fix: { provider: 'branch', pattern: 'fix/{{bug}}', mainline: 'duty' },
    analysis: { provider: 'git' },
    signers: [SIGNER.publicKey],
    emails: {},
  };
}

export const person = (id: string, ...roles: Role[]): ApiService['people'][number] => ({
  id,
  roles,
  tokenSha256: digest(tokenOf(id)),
});

export const PEOPLE = [
  person('ann', 'admin'),
  person('bo', 'manager'),
  person('sen', 'senior'),
  person('dev', 'developer'),
  person('aud', 'auditor'),
];

export const SHOP: ApiService = { policy: policyOf('shop'), people: PEOPLE };
/** A second service with one person of its own and one shared. */
export const DEPOT: ApiService = {
  policy: policyOf('depot'),
  people: [person('zoe', 'admin'), person('bo', 'manager')],
};

export const FIX: Fix = {
  ref: 'fix/1',
  head: HEAD,
  base: '1111111111111111111111111111111111111111',
  patchIds: ['p1'],
  files: ['src/checkout.js'],
  authors: ['sen@shop.example'],
  diff: null,
};

export const reportOf = (service: string, id: string): BugReport => ({
  id,
  service,
  title: `Checkout shows the wrong total (${id})`,
  description: null,
  severity: 'medium',
  foundIn: 'prod',
  evidence: { stack: null, url: null, version: null },
  modules: [],
  services: [],
  external: null,
  revision: 'r1',
});

/** Makes events of a subject one after the other, with ids that count up. */
function eventsOf(
  service: string,
  subject: string,
  at: number,
  actor: string,
  events: readonly DomainEvent[],
): LedgerEvent[] {
  return events.map((event, index) => ({
    ...event,
    id: `${service}/${subject}#${at}-${index}-${event.kind}`,
    service,
    subject,
    at: at + index * 1_000,
    actor,
    surface: 'api' as const,
    reason: null,
  }));
}

/** A bug that stands at `deployed_uat`: its fix runs for validation. */
export function validatedBug(id: string, reporter = 'dev', service = 'shop', head = HEAD): LedgerEvent[] {
  const fix = { ...FIX, ref: `fix/${id}`, head };
  const deployment = `${service}-uat-1`;
  const validation = { deployment, version: `1.4.2+bug.${id}`, sha: '2'.repeat(40), fixHead: head, alsoHolds: [] };
  const confirmed = { flow: 'flow1', severity: 'medium', foundIn: 'prod', evidence: [], booking: null } as const;
  return eventsOf(service, bugSubject(id), AT, reporter, [
    { kind: 'bug.reported', data: reportOf(service, id) },
    { kind: 'bug.confirmed', data: confirmed },
    { kind: 'bug.planned', data: { analysis: null, fix, booking: null } },
    { kind: 'bug.deployed-uat', data: { validation } },
  ]);
}

export function shippedBug(id: string): LedgerEvent[] {
  const data = { deployment: 'shop-prod-1', version: '1.4.3', sha: '3'.repeat(40), alsoHolds: [] };
  return [
    ...validatedBug(id),
    ...eventsOf('shop', bugSubject(id), AT + 60_000, 'tidegate', [{ kind: 'bug.deployed-prod', data }]),
  ];
}

/** A deployment that ended well, with a candidate and every phase. */
export function deploymentEvents(id: string, ended = true): LedgerEvent[] {
  const started = { id, service: 'shop', env: 'prod', production: true, strategy: 'all-at-once' } as const;
  const target = { version: '1.4.3', sha: '3'.repeat(40) };
  const base = { version: '1.4.2', sha: '1'.repeat(40) };
  const events: DeploymentEvent[] = [
    { kind: 'deployment.started', data: { ...started, passengers: [], previous: base, fence: 1, revision: 'r1' } },
    { kind: 'deployment.phase-started', data: { phase: 'preflight' } },
    { kind: 'deployment.phase-ended', data: { phase: 'preflight', ok: true, detail: 'all checks passed' } },
    {
      kind: 'deployment.candidate',
      data: { candidate: { ...target, base, aboard: ['1'], left: [], changes: ['fix: total'], scriptChanged: false } },
    },
  ];
  const end = {
    kind: 'deployment.ended',
    data: { verdict: 'Released', reason: 'the watch passed', evidence: null },
  } as const;
  return eventsOf('shop', deploymentSubject(id), AT, 'tidegate', ended ? [...events, end] : events);
}

export const BREACH: Breach = {
  rule: 'p99-1.5x',
  metric: 'p99',
  class: 'soft',
  value: 0.4,
  baseline: 0.2,
  multiple: 2,
  afterMs: 120_000,
  sentence: 'p99 is 0.4, 2 times the baseline 0.2, at T+2 min',
};

/** A token of the developer that the ledger lets in for an hour; `tokenOf('ledger read dev')` is the token itself. */
export function tokenEvents(id: string, scope: TokenScope = 'read', person = 'dev'): LedgerEvent[] {
  const sha256 = digest(tokenOf(`ledger ${scope} ${person}`));
  const data = { id, service: 'shop', person, scope, sha256, expiresAt: AT + 3_600_000 };
  return eventsOf('shop', tokenSubject(id), AT, 'ann', [{ kind: 'token.made', data }]);
}

/** A deployment whose watch asks people since a minute after it began. */
export function askedEvents(id: string): LedgerEvent[] {
  const times = { until: AT + 900_000, escalateAt: AT + 300_000 };
  return eventsOf('shop', deploymentSubject(id), AT + 30_000, 'tidegate', [
    ...deploymentEvents(id, false),
    { kind: 'deployment.phase-started', data: { phase: 'execute' } },
    { kind: 'deployment.phase-started', data: { phase: 'watch' } },
    { kind: 'deployment.asked', data: { breach: BREACH, ...times, otherwise: 'rollback', who: ['admin', 'manager'] } },
  ]);
}

export function environmentEvents(env: string, more: readonly EnvironmentEvent[] = []): LedgerEvent[] {
  const base = { version: '1.4.2', sha: '1'.repeat(40) };
  const running = { ...base, base, deployment: null, fixes: [], since: AT };
  return eventsOf('shop', environmentSubject(env), AT, 'tidegate', [
    { kind: 'environment.configured', data: { service: 'shop', env, revision: 'r1' } },
    {
      kind: 'environment.observed',
      data: { running, source: 'version endpoint', nextNumber: 1, fence: 0, restored: null },
    },
    ...more,
  ]);
}

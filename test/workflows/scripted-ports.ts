/** The other side of the ports, scripted: what a test changes before or while its story runs. */
import { createHash } from 'node:crypto';
import type { ServiceDrivers, Target } from '../../src/activities/deps';
import type { WatchOrder } from '../../src/activities';
import type { Analysis, Fix } from '../../src/domain/bug';
import type { Check, LeftBehind } from '../../src/domain/deployment';
import { type Calendar, type ServicePolicy } from '../../src/domain/policy';
import { WEEKDAYS, type FreezeRule } from '../../src/domain/slots';
import { emptySample, type WatchVerdict } from '../../src/domain/watch';
import type { ActResult, DeployOrder, Observation } from '../../src/ports/deployer';
import type { BuiltCandidate, CandidateOrder, Difference } from '../../src/ports/source';

export const SERVICE = 'shop';
export const sha = (text: string): string => createHash('sha1').update(text).digest('hex');
export const BASE = sha('1.4.2');

/** What the other side of the ports does; a test changes it before or while its story runs. */
export interface Script {
  branches: Record<string, Fix>;
  /** Fix heads that conflict on this environment, with the files. */
  conflicts: Record<string, readonly string[]>;
  /** `env/bug` whose approval is void, because what it was given on has moved. */
  baseMoved: string[];
  /** What the deploy script's own checks say. */
  checks: readonly Check[];
  running: Record<string, Observation & { readonly state: 'running' }>;
  difference: Difference;
  act: (order: DeployOrder) => ActResult;
  /** Deployment ids (or versions, after a rollback) whose smoke fails. */
  badSmoke: string[];
  watch: (order: WatchOrder) => WatchVerdict;
  told: string[];
  /** No message reaches anybody. */
  deadChannel: boolean;
  /** No target shows any metrics. */
  noMetrics: boolean;
  /** Targets answer their version and nothing else. */
  terse: boolean;
  acts: DeployOrder[];
  built: CandidateOrder[];
  calendar: Calendar;
  /** Acts end only after this. */
  hold: Promise<void>;
  /** The script's own checks end only after this; null: at once. */
  slowCheck: Promise<void> | null;
}

export const exited = (code: number): ActResult => ({
  outcome: 'exited',
  code,
  metadata: { id: 'x' },
  tail: `exit ${code}`,
});

export function fixOf(bug: string, variant = ''): Fix {
  const head = sha(`fix ${bug}${variant}`);
  return {
    ref: `fix/${bug}`,
    head,
    base: BASE,
    patchIds: [sha(`patch ${head}`)],
    files: ['price.js'],
    authors: ['mona@example.org'],
    diff: null,
  };
}

const WORDS = { provider: 'git', hypothesis: 'price.js', plan: ['fix it'] };
const ANALYSIS: Analysis = { ...WORDS, confidence: 'medium', suspects: [], evidence: [] };

const runningAt = (version: string): Script['running'][string] => ({
  state: 'running',
  version,
  sha: BASE,
  deployment: null,
  source: 'endpoint',
});

export function newScript(): Script {
  return {
    branches: {},
    conflicts: {},
    baseMoved: [],
    checks: [{ name: 'script', ok: true, detail: 'there' }],
    running: { uat: runningAt('1.4.2'), prod: runningAt('1.4.2') },
    difference: { onlyLeft: [], onlyRight: [] },
    act: () => exited(0),
    badSmoke: [],
    watch: () => ({ outcome: 'pass', samples: 5 }),
    told: [],
    deadChannel: false,
    noMetrics: false,
    terse: false,
    acts: [],
    built: [],
    calendar: calendarOf([]),
    hold: Promise.resolve(),
    slowCheck: null,
  };
}

export function calendarOf(freezes: readonly FreezeRule[], t2 = '22:00:00'): Calendar {
  const slot = { days: WEEKDAYS, cutoffMs: 0, graceMs: 3_600_000 };
  return { service: SERVICE, zone: 'UTC', t1: { ...slot, at: '20:00:00' }, t2: { ...slot, at: t2 }, freezes };
}

function buildCandidate(script: Script, order: CandidateOrder): BuiltCandidate {
  script.built.push(order);
  const conflict = (bug: string, head: string) => script.conflicts[`${order.env}/${bug}`] ?? script.conflicts[head];
  const left = order.passengers.flatMap(({ bug, fix }): readonly LeftBehind[] => {
    if (script.baseMoved.includes(`${order.env}/${bug}`))
      return [{ bug, reason: `${order.env} moved on since the approval`, files: [], cause: 'base-moved' }];
    const files = conflict(bug, fix.head);
    return files ? [{ bug, reason: `does not apply on ${order.base.version}`, files, cause: 'conflict' }] : [];
  });
  const aboard = order.passengers.map(({ bug }) => bug).filter((bug) => !left.some((gone) => gone.bug === bug));
  const commit = sha([order.base.sha, order.version, ...aboard].join());
  return { version: order.version, sha: aboard.length > 0 ? commit : order.base.sha, aboard, left, changes: aboard };
}

function targetFor(script: Script, env: string): Target {
  const begun = new Set<string>();
  const nameOf = ({ deployment, act }: Pick<DeployOrder, 'deployment' | 'act'>): string => `${deployment}.${act}`;
  return {
    deployer: {
      check: () => (script.slowCheck ?? Promise.resolve()).then(() => script.checks),
      act(order) {
        script.acts.push(order);
        const result = script.act(order);
        begun.add(nameOf(order));
        if (result.outcome === 'exited' && result.code === 0) {
          const { version, sha: commit } = order.to;
          script.running[env] = {
            state: 'running',
            version,
            sha: commit,
            deployment: order.deployment,
            source: 'endpoint',
          };
        }
        return script.hold.then(() => result);
      },
      begun: (order) => Promise.resolve(begun.has(nameOf(order))),
      retire: (order) => Promise.resolve(!begun.has(nameOf(order))),
      unfinished: () => Promise.resolve([]),
      stop: () => Promise.resolve(),
      observe() {
        const seen = script.running[env];
        if (seen === undefined) return Promise.resolve({ state: 'down', detail: 'refused' });
        return Promise.resolve(script.terse ? { ...seen, sha: null, deployment: null } : seen);
      },
    },
    smoke: {
      run: (cases, { version, deployment }) =>
        Promise.resolve(
          [...cases, { name: 'version' }].map(({ name }) => {
            const ok = !script.badSmoke.includes(version) && !script.badSmoke.includes(deployment);
            return { name, ok, status: ok ? 200 : 500, ms: 1, detail: ok ? 'answers' : 'answers 500' };
          }),
        ),
    },
    metrics: {
      samples({ until }) {
        const silent = emptySample(until, null, 'nobody answers');
        const quiet = { ...emptySample(until, 1, null), requestRate: 100, errorRate: 0, cpu: 0.1, memory: 0.2 };
        const answers = [2, 1, 0].map((ago) => ({ ...quiet, at: until - ago }));
        return Promise.resolve(script.noMetrics ? [silent] : answers);
      },
    },
  };
}

export function driversFor(script: Script, policy: ServicePolicy): ServiceDrivers {
  const tags = new Map<string, string>();
  return {
    policy,
    source: {
      fetch: () => Promise.resolve(),
      resolve(ref) {
        const known = ref === policy.repo.main || ref.startsWith('refs/tags/v1.4.2') ? BASE : null;
        return Promise.resolve(tags.get(ref) ?? (/^[0-9a-f]{40}$/.test(ref) ? ref : known));
      },
      fix: (ref) => Promise.resolve(script.branches[ref] ?? null),
      compare: () => Promise.resolve(script.difference),
      versionAt: () => Promise.resolve('1.4.2'),
      buildCandidate: (order) => Promise.resolve(buildCandidate(script, order)),
      checkout: () => Promise.resolve(),
      differs: () => Promise.resolve(false),
      move: () => Promise.resolve(),
      tag: (name, commit) => Promise.resolve(void tags.set(`refs/tags/${name}`, commit)),
      changelogSection: () => Promise.resolve('### Fixed\n- it'),
      history: () => Promise.resolve([]),
      files: () => Promise.resolve([]),
      missingOnMain: () => Promise.resolve([]),
      mergeToMain: () => Promise.resolve(),
    },
    analyst: {
      analyse: () => Promise.resolve(ANALYSIS),
    },
    fixer: { find: ({ id }) => Promise.resolve(script.branches[`fix/${id}`] ?? null) },
    reports: {
      write: () => Promise.resolve('report'),
      list: () => Promise.resolve([]),
      read: () => Promise.resolve(null),
    },
    targets: { uat: targetFor(script, 'uat'), prod: targetFor(script, 'prod') },
  };
}

/**
 * A small world for workflow tests: real workflows, real activities, a real SQLite ledger and the real calendar, over
 * ports whose other side is scripted here. Only the watch is answered by the script: the time-skipping server's clock
 * is not the clock that activities see.
 */
import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { createActivities } from '../../src/activities/create';
import type { ServiceDrivers, Target } from '../../src/activities/deps';
import type { Activities, WatchOrder } from '../../src/activities';
import { createConductor, type Conductor, type DecisionOutcome } from '../../src/client/conductor';
import { createRuns } from '../../src/client/runs';
import type { Analysis, BugState, Fix } from '../../src/domain/bug';
import type { Check, LeftBehind } from '../../src/domain/deployment';
import { environmentQueue, environmentWorkflowId, MAIN_QUEUE } from '../../src/domain/ids';
import type { Role } from '../../src/domain/people';
import { environmentPolicy, type Calendar, type ServicePolicy } from '../../src/domain/policy';
import { WEEKDAYS, type FreezeRule } from '../../src/domain/slots';
import type { BugDecision, BugVerb } from '../../src/domain/verbs';
import { emptySample, type WatchVerdict } from '../../src/domain/watch';
import { createCalendars } from '../../src/drivers/calendar/calendars';
import { openLedger } from '../../src/ledger/open-ledger';
import type { ActResult, DeployOrder, Observation } from '../../src/ports/deployer';
import type { Ledger } from '../../src/ports/ledger';
import type { BuiltCandidate, CandidateOrder, Difference } from '../../src/ports/source';
import { requestSignal } from '../../src/workflows/messages';
import { verifyEd25519 } from '../../src/drivers/ed25519/keys';
import { policyOf } from '../api/sample';
import { timeSkipping, type RunningEnvironment } from '../support/environments';
import { proofBy, signing } from '../support/signing';
import { temporaryFolder } from '../support/temporary-folder';

export const SERVICE = 'shop';
export const sha = (text: string): string => createHash('sha1').update(text).digest('hex');
const BASE = sha('1.4.2');

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

function newScript(): Script {
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

function driversFor(script: Script, policy: ServicePolicy): ServiceDrivers {
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

export interface World {
  readonly environment: TestWorkflowEnvironment;
  readonly script: Script;
  readonly ledger: Ledger;
  readonly conductor: Conductor;
  readonly policy: ServicePolicy;
  /** Reports a bug found in UAT by `rita`; its fix is pushed unless said otherwise. */
  report(id: string, options?: { readonly modules?: readonly string[]; readonly fix?: boolean }): Promise<void>;
  decide(bug: string, verb: BugVerb, by: string, more?: Partial<BugDecision>): Promise<DecisionOutcome>;
  bug(id: string): Promise<BugState>;
  /** Lets the server's clock run, in steps, until the bug is in one of these statuses and nothing is under way. */
  until(id: string, ...statuses: BugState['status'][]): Promise<BugState>;
  /** Waits, without moving the server's clock, until something is true. */
  eventually(what: string, check: () => Promise<boolean> | boolean): Promise<void>;
  /** Report, confirm, T1, UAT. */
  toUat(id: string): Promise<BugState>;
  /** Moves the server's clock to the next occurrence of a UTC time of day. */
  clockTo(time: string, offsetMs?: number): Promise<void>;
  clockForward(ms: number): Promise<void>;
  /** No worker lives until this is over; then they come back. With a pending timer only on a server in real time. */
  downWhile(meanwhile: () => Promise<void>): Promise<void>;
  /** Asks an environment for a place at once, for a bug whose own run is not there. */
  request(env: string, bug: string): Promise<void>;
  /** Freezes come and go while runs wait: the calendar changes, and `configure` tells the environments. */
  recalendar(freezes: readonly FreezeRule[]): Promise<void>;
  now(): Promise<number>;
  close(): Promise<void>;
}

/** The policy of the API's tests, in UTC, with a smoke check for production. */
export function testPolicy(): ServicePolicy {
  const policy = policyOf(SERVICE);
  const prod = environmentPolicy(policy, 'prod');
  const open = {
    name: 'open',
    method: 'GET' as const,
    path: '/',
    headers: {},
    body: null,
    timeoutMs: 1_000,
    expect: { status: 200, json: null, contains: null },
  };
  return { ...policy, zone: 'UTC', environments: { ...policy.environments, prod: { ...prod, smoke: [open] } } };
}

const PEOPLE: Readonly<Record<string, readonly Role[]>> = {
  ann: ['admin'],
  bo: ['manager'],
  rita: ['developer'],
  mona: ['manager', 'developer'],
};
const STEP_MS = 5 * 60_000;

async function createWorld(
  environment: TestWorkflowEnvironment,
  policy: ServicePolicy,
  prepare: (script: Script) => void,
): Promise<World> {
  const script = newScript();
  prepare(script);
  const folder = await temporaryFolder();
  const ledger = await openLedger(join(folder, 'ledger.db'));
  const { client } = environment;
  const real = createActivities({
    ledger,
    messenger: {
      send(message) {
        if (script.deadChannel) return Promise.reject(new Error('the channel is dead'));
        return Promise.resolve(void script.told.push(`${message.topic}: ${message.title}\n${message.text}`));
      },
    },
    calendars: {
      next: (question) => createCalendars([script.calendar]).next(question),
      frozen: (...question) => createCalendars([script.calendar]).frozen(...question),
    },
    runs: createRuns(client),
    clock: { now: () => Date.now(), sleep: () => Promise.resolve() },
    host: 'test',
    verify: verifyEd25519,
    services: { [SERVICE]: driversFor(script, policy) },
  });
  const activities: Activities = { ...real, watchWindow: (order) => Promise.resolve(script.watch(order)) };
  const connection = environment.nativeConnection;
  const common = { connection, namespace: environment.namespace ?? 'default', activities };
  const queues = ['uat', 'prod'].map((env) => environmentQueue(SERVICE, env));
  const workflowBundle = { codePath: process.env.TIDEGATE_TEST_BUNDLE ?? '' };

  /** Starts all workers; the answer ends them. */
  async function work(): Promise<() => Promise<void>> {
    const workers = await Promise.all([
      Worker.create({ ...common, taskQueue: MAIN_QUEUE, workflowBundle }),
      ...queues.map((taskQueue) => Worker.create({ ...common, taskQueue })),
    ]);
    const running = Promise.all(workers.map((worker) => worker.run()));
    return async () => {
      for (const worker of workers) worker.shutdown();
      await running;
    };
  }

  let rest = await work();
  const conductor = signing(createConductor(client), ledger, () => environment.currentTimeMs());
  await conductor.configure(policy);
  let decisions = 0;

  const world: World = {
    environment,
    script,
    ledger,
    conductor,
    policy,
    async report(id, { modules = [], fix = true } = {}) {
      if (fix) script.branches[`fix/${id}`] = fixOf(id);
      const actor = { id: 'rita', roles: PEOPLE.rita ?? [], surface: 'api' as const };
      const evidence = { stack: null, url: null, version: null };
      const report = {
        id,
        service: SERVICE,
        title: `bug ${id}`,
        description: null,
        severity: 'low' as const,
        foundIn: 'uat',
        evidence,
        modules,
        services: [],
        external: null,
        revision: policy.revision,
      };
      await conductor.reportBug(report, actor, policy, await world.now());
      await world.eventually('the report is in the ledger', async () => (await ledger.bug(SERVICE, id)) !== null);
    },
    decide(bug, verb, by, more = {}) {
      const none = { signature: null, sha: null, reason: null, severity: null, foundIn: null, flow: null, ref: null };
      const actor = { id: by, roles: PEOPLE[by] ?? [], surface: 'api' as const };
      return conductor.decideBug(SERVICE, bug, { id: `d${(decisions += 1)}`, verb, actor, ...none, ...more });
    },
    async bug(id) {
      const state = await ledger.bug(SERVICE, id);
      if (!state) throw new Error(`no bug ${id}`);
      return state;
    },
    async until(id, ...statuses) {
      for (let step = 0; step < 700; step += 1) {
        const state = await world.bug(id);
        if (statuses.includes(state.status)) return state;
        await environment.sleep(STEP_MS);
      }
      throw new Error(`bug ${id} never became ${statuses.join(' or ')}: ${JSON.stringify(await world.bug(id))}`);
    },
    async eventually(what, check) {
      for (let look = 0; look < 400; look += 1) {
        if (await check()) return;
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
      throw new Error(`never: ${what}`);
    },
    async toUat(id) {
      await world.report(id);
      await world.decide(id, 'confirm', 'ann');
      return world.until(id, 'deployed_uat');
    },
    async clockTo(time, offsetMs = 0) {
      const now = await world.now();
      const target = Date.parse(`${new Date(now).toISOString().slice(0, 10)}T${time}Z`) + offsetMs;
      await environment.sleep(target > now ? target - now : target + 86_400_000 - now);
    },
    now: () => environment.currentTimeMs(),
    clockForward: (ms) => environment.sleep(ms),
    async downWhile(meanwhile) {
      await rest();
      await meanwhile();
      rest = await work();
    },
    async request(env, bug) {
      const at = await world.now();
      const fix = fixOf(bug);
      const approval = { by: 'bo', at, sha: fix.head, productionSha: BASE, proof: proofBy('bo', fix.head, bug, at) };
      const approvals = env === 'prod' ? [approval] : [];
      const passenger = { bug, title: bug, severity: 'low' as const, modules: [], fix, approvals };
      const request = {
        id: bug,
        kind: 'immediate' as const,
        slot: null,
        passenger,
        at,
        told: null,
        label: null,
        announced: true,
        replyTo: 'nobody',
      };
      await client.workflow.getHandle(environmentWorkflowId(SERVICE, env)).signal(requestSignal, request);
    },
    async recalendar(freezes) {
      script.calendar = calendarOf(freezes);
      await conductor.configure({ ...policy, revision: `${policy.revision}-${freezes.length}` });
    },
    async close() {
      await rest();
      await ledger.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
  const known = async () => {
    const states = await Promise.all(['uat', 'prod'].map((env) => ledger.environment(SERVICE, env)));
    return states.every((state) => state?.observedAt != null);
  };
  // Workers that nobody ends would keep the test runner alive for ever.
  await world.eventually('both environments are known', known).catch(async (error: unknown) => {
    await world.close();
    throw error;
  });
  return world;
}

/** One world for a test file or block, prepared before anybody looks; it starts after the server and ends before it. */
export function startWorld(
  policy: ServicePolicy = testPolicy(),
  prepare: (script: Script) => void = () => undefined,
  server: () => RunningEnvironment = timeSkipping,
): () => World {
  let world: World | null = null;
  afterAll(() => world?.close(), 60_000);
  const environment = server();
  beforeAll(async () => {
    world = await createWorld(environment(), policy, prepare);
  }, 120_000);
  return () => {
    if (world === null) throw new Error('the world starts before the first test');
    return world;
  };
}

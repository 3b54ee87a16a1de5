/**
 * A small world for workflow tests: real workflows, real activities, a real SQLite ledger and the real calendar, over
 * ports whose other side is scripted here. Only the watch is answered by the script: the time-skipping server's clock
 * is not the clock that activities see.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { createActivities } from '../../src/activities/create';
import type { Activities } from '../../src/activities';
import { createConductor, type Conductor, type DecisionOutcome } from '../../src/client/conductor';
import { createRuns } from '../../src/client/runs';
import type { BugState } from '../../src/domain/bug';
import { environmentQueue, environmentWorkflowId, MAIN_QUEUE } from '../../src/domain/ids';
import type { Role } from '../../src/domain/people';
import { environmentPolicy, type ServicePolicy } from '../../src/domain/policy';
import { type FreezeRule } from '../../src/domain/slots';
import type { BugDecision, BugVerb } from '../../src/domain/verbs';
import { createCalendars } from '../../src/drivers/calendar/calendars';
import { openLedger } from '../../src/ledger/open-ledger';
import type { Ledger } from '../../src/ports/ledger';
import { requestSignal } from '../../src/workflows/messages';
import { verifyEd25519 } from '../../src/drivers/ed25519/keys';
import { policyOf } from '../api/sample';
import { timeSkipping, type RunningEnvironment } from '../support/environments';
import { proofBy, signing } from '../support/signing';
import { temporaryFolder } from '../support/temporary-folder';
import { SERVICE, BASE, type Script, newScript, calendarOf, driversFor, fixOf } from './scripted-ports';

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
      for (let look = 0; look < 1_200; look += 1) {
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

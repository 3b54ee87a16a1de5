import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Activities } from '../../src/activities';
import { createConductor } from '../../src/client/conductor';
import { loadSettings } from '../../src/config/settings';
import type { DeploymentOrder } from '../../src/domain/deployment-order';
import {
  bugWorkflowId,
  deploymentWorkflowId,
  environmentQueue,
  environmentWorkflowId,
  MAIN_QUEUE,
} from '../../src/domain/ids';
import { environmentPolicy } from '../../src/domain/policy';
import { versioningOf } from '../../src/wiring/versioning';
import { runWorkers, type RunningWorkers } from '../../src/wiring/workers';
import { dropFixSignal } from '../../src/workflows/messages';
import { policyOf, reportOf } from '../api/sample';
import { eventually } from '../e2e/town';
import { devServer } from '../support/environments';

const temporal = devServer();
const LIMIT_MS = 120_000;
const POLICY = policyOf('shop');
const DEPLOYMENT = deploymentWorkflowId('shop', 'prod', 'shop-prod-1');
const ENVIRONMENT = environmentWorkflowId('shop', 'prod');
const BUG = bugWorkflowId('shop', '1');
const ORDER: DeploymentOrder = {
  ...{
    id: 'shop-prod-1',
    service: 'shop',
    env: 'prod',
    strategy: 'all-at-once',
    fence: 1,
    departedAt: 1,
    passengers: [],
    kept: [],
  },
  ...{ running: null, base: null, policy: environmentPolicy(POLICY, 'prod'), leaveUntil: null, mainline: 'duty' },
  ...{ validation: 'uat', zone: 'UTC', revision: POLICY.revision, signers: [] },
};

const versioned = (build: string) =>
  versioningOf(loadSettings({}, { TIDEGATE_DEPLOYMENT: 'tidegate', TIDEGATE_BUILD_ID: build }));

/** The deployment stands in its preflight, on PROD's own queue, until the test lets it go on. */
let letGo: () => void;
const preflight = new Promise<void>((resolve) => (letGo = resolve));

/** Which build worked on what concerns no environment. */
const worked: string[] = [];

function activitiesOf(build: string): Activities {
  const some: Partial<Activities> = {
    record: () => Promise.resolve(),
    tell: () => Promise.resolve(),
    describeDeployment: () => Promise.resolve({ run: 'missing', begun: false, recorded: null }),
    preflight: () => preflight.then(() => ({ checks: [], begun: false, baseline: null })),
    observeEnvironment: () =>
      Promise.resolve({ running: null, source: 'test', answered: true, nextNumber: 1, fence: 0, known: null }),
    buildCandidate() {
      worked.push(`candidate by ${build}`);
      const target = { version: '1.4.3', sha: 'f'.repeat(40) };
      return Promise.resolve({ ...target, base: target, aboard: [], left: [], changes: [], scriptChanged: false });
    },
  };
  return some as Activities;
}

const running: RunningWorkers[] = [];

async function start(share: { build?: string; queues?: readonly string[] }): Promise<void> {
  const { build = 'none', queues = [] } = share;
  const place = { address: temporal().address, namespace: 'default', options: {} };
  running.push(
    await runWorkers({
      temporal: place,
      activities: activitiesOf(build),
      main: share.build !== undefined,
      queues,
      workflows: { workflowBundle: { codePath: process.env.TIDEGATE_TEST_BUNDLE ?? '' } },
      tracing: null,
      versioning: share.build === undefined ? null : versioned(build),
    }),
  );
}

/** As the runbook says. */
async function setCurrent(build: string): Promise<void> {
  const which = ['--deployment-name', 'tidegate', '--build-id', build, '--yes'];
  const where = ['--address', temporal().address, '--namespace', 'default'];
  const command = ['worker', 'deployment', 'set-current-version', ...which, ...where];
  // The server hears of a new build with the first poll of its worker.
  await eventually(
    () => promisify(execFile)(process.env.TEMPORAL_CLI ?? 'temporal', command).then(() => '', String),
    (problem) => problem === '',
  );
}

/** The build that completed each workflow task of a run. */
async function builds(workflowId: string): Promise<readonly string[]> {
  const { events } = await temporal().client.workflow.getHandle(workflowId).fetchHistory();
  return (events ?? []).flatMap(({ workflowTaskCompletedEventAttributes: task }) =>
    task ? [task.deploymentVersion?.buildId ?? 'none'] : [],
  );
}

/** Gives the environment something to do until that build does it: the server's queues hear of a new version one by one. */
async function untilBuiltBy(build: string): Promise<void> {
  await eventually(
    async () => {
      await temporal().client.workflow.getHandle(ENVIRONMENT).signal(dropFixSignal, { bug: '8' });
      return builds(ENVIRONMENT);
    },
    (all) => all.at(-1) === build,
  );
}

describe('two builds of the workflows at once (6-faults F37)', () => {
  beforeAll(async () => {
    await start({ queues: ['uat', 'prod'].map((env) => environmentQueue('shop', env)) });
    await start({ build: '1.0' });
    await setCurrent('1.0');
    const conductor = createConductor(temporal().client);
    await conductor.configure(POLICY);
    await conductor.reportBug(reportOf('shop', '1'), { id: 'dev', roles: [], surface: 'api' }, POLICY, Date.now());
    await temporal().client.workflow.start('deploymentWorkflow', {
      workflowId: DEPLOYMENT,
      taskQueue: MAIN_QUEUE,
      args: [ORDER],
    });
    for (const id of [BUG, ENVIRONMENT, DEPLOYMENT])
      await eventually(
        () => builds(id),
        (done) => done.length > 0,
      );
    await start({ build: '2.0' });
    await setCurrent('2.0');
  }, LIMIT_MS);

  afterAll(async () => {
    letGo();
    await Promise.all(running.map((workers) => workers.stop()));
  }, LIMIT_MS);

  it(
    'ends a deployment under way with the build that it began with: nothing changes its mind between switch and rollback',
    async () => {
      letGo();
      expect(await temporal().client.workflow.getHandle(DEPLOYMENT).result()).toMatchObject({ verdict: 'Aborted' });
      expect(worked).toEqual(['candidate by 1.0']);
      expect(new Set(await builds(DEPLOYMENT))).toEqual(new Set(['1.0']));
    },
    LIMIT_MS,
  );

  it(
    'carries open bugs and environments over to the new build, which replays what the old one did',
    async () => {
      await temporal().client.workflow.getHandle(ENVIRONMENT).signal(dropFixSignal, { bug: '7' });
      await temporal().client.workflow.getHandle(BUG).signal('nobody-knows-this');
      for (const id of [ENVIRONMENT, BUG]) {
        const done = await eventually(
          () => builds(id),
          (all) => all.includes('2.0'),
        );
        expect(done[0]).toBe('1.0');
        const { events } = await temporal().client.workflow.getHandle(id).fetchHistory();
        expect((events ?? []).filter((event) => event.workflowTaskFailedEventAttributes)).toEqual([]);
      }
    },
    LIMIT_MS,
  );

  it(
    'moves what is open back to the build before when that one is made current again',
    async () => {
      await setCurrent('1.0');
      await untilBuiltBy('1.0');
    },
    LIMIT_MS,
  );
});

describe('the settings of a version', () => {
  it('change nothing when they are not given, and are refused when only half of them is', () => {
    expect(versioningOf(loadSettings({}, {}))).toBeNull();
    const half = (variables: Record<string, string>) => () => versioningOf(loadSettings({}, variables));
    expect(half({ TIDEGATE_BUILD_ID: '1.0' })).toThrow('set both TIDEGATE_DEPLOYMENT');
    expect(half({ TIDEGATE_DEPLOYMENT: 'tidegate' })).toThrow('set both TIDEGATE_DEPLOYMENT');
    expect(half({ TIDEGATE_DEPLOYMENT: 'tide gate', TIDEGATE_BUILD_ID: '1.0' })).toThrow('cannot be used as a name');
  });
});

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';

const HISTORIES = join(__dirname, 'histories');
const names = readdirSync(HISTORIES).sort();
const history = (name: string) => historyFromJSON(JSON.parse(readFileSync(join(HISTORIES, name), 'utf8')));

beforeAll(() => void Runtime.install({ logger: new DefaultLogger('ERROR') }));

describe('recorded histories: an operator who upgrades with runs open loses none of them', () => {
  it.each(names)('replays %s on the present workflows', async (name) => {
    const workflowBundle = { codePath: process.env.TIDEGATE_TEST_BUNDLE ?? '' };
    const { events } = history(name);
    // Signatures in the history are bound to its run.
    const id = events?.[0]?.workflowExecutionStartedEventAttributes?.workflowId ?? 'not recorded';
    await expect(Worker.runReplayHistory({ workflowBundle }, { events }, id)).resolves.toBeUndefined();
  });

  it('has every path on record', () => {
    const kinds = new Set(names.map((name) => name.split('-')[0]));
    expect([...kinds].sort()).toEqual(['bug', 'deployment', 'environment']);
    expect(names.length).toBeGreaterThanOrEqual(12);
  });

  it('catches a workflow that was changed without a patch', async () => {
    const workflowBundle = await bundleWorkflowCode({
      workflowsPath: require.resolve('./changed-workflows'),
      ignoreModules: ['crypto'],
      logger: new DefaultLogger('ERROR'),
    });
    await expect(Worker.runReplayHistory({ workflowBundle }, history('bug-released.json'))).rejects.toThrow(
      DeterminismViolationError,
    );
  });
});

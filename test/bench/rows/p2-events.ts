/** P2: what one quiet bug costs in events and in billable actions, from its real history. */
import type { Client, WorkflowHandle } from '@temporalio/client';
import { bugWorkflowId } from '../../../src/domain/ids';
import { decideAll, reportAll, until } from '../lane';
import { startProduct } from '../product/product';
import { atMost, type Ground, type Line } from '../row';

type History = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>;
type HistoryEvent = NonNullable<History['events']>[number];

const TIMING = { slotMs: 1_000, watchMs: 20 };

export async function events({ site, bundle }: Ground): Promise<readonly Line[]> {
  const product = await startProduct(site, { service: 'p2', bundle, ...TIMING });
  try {
    const [bug = ''] = await reportAll(product, 1);
    await decideAll(product, [bug], 'confirm');
    await until(product, 'deployed_uat', [bug]);
    await decideAll(product, [bug], 'approve');
    await until(product, 'deployed_prod', [bug]);
    const history = await historyOf(product.client, bugWorkflowId(product.service, bug));
    const actions = billable(history);
    const total = Object.values(actions).reduce((sum, count) => sum + count, 0);
    const tasks = history.filter((event) => nameOf(event).startsWith('workflowTask')).length;
    return [
      {
        what: 'one Flow 1 bug to deployed_prod, its own run',
        against: 'the counted minimum',
        comparison: null,
        unit: '',
        goals: [
          atMost('events by the counted minimum', history.length / counted(history), 1.1),
          atMost('billable actions', total, 20),
        ],
        figures: { events: history.length, 'of them of workflow tasks': tasks, minimum: counted(history) },
        notes: [
          `actions: ${Object.entries(actions)
            .map(([name, count]) => `${name} ${count}`)
            .join(', ')}`,
        ],
      },
    ];
  } finally {
    await product.stop();
  }
}

async function historyOf(client: Client, workflowId: string): Promise<readonly HistoryEvent[]> {
  const { events: found } = await client.workflow.getHandle(workflowId).fetchHistory();
  return found ?? [];
}

const SUFFIX = 'EventAttributes';

/** `activityTaskScheduled` of an event whose attributes stand under that name. */
function nameOf(event: HistoryEvent): string {
  return (
    Object.keys(event)
      .find((key) => key.endsWith(SUFFIX))
      ?.slice(0, -SUFFIX.length) ?? 'unknown'
  );
}

const count = (history: readonly HistoryEvent[], ...names: readonly string[]): number =>
  history.filter((event) => names.includes(nameOf(event))).length;

/** 5-quality §3: a gate is whatever the run waits for from outside, a person's decision or a train's end. */
function counted(history: readonly HistoryEvent[]): number {
  const gates = count(history, 'workflowExecutionUpdateAccepted', 'workflowExecutionSignaled');
  const upserts = count(history, 'upsertWorkflowSearchAttributes');
  const activities = count(history, 'activityTaskScheduled');
  return 5 + 6 * activities + 5 * count(history, 'timerStarted') + 4 * gates + upserts;
}

/** What Temporal Cloud would bill: local activities of one workflow task are one action. */
function billable(history: readonly HistoryEvent[]): Readonly<Record<string, number>> {
  const tasksWithLocals = history.flatMap(({ markerRecordedEventAttributes: marker }) =>
    marker ? [String(marker.workflowTaskCompletedEventId)] : [],
  );
  return {
    start: 1,
    updates: count(history, 'workflowExecutionUpdateAccepted'),
    'signals sent': count(history, 'signalExternalWorkflowExecutionInitiated'),
    'signals received': count(history, 'workflowExecutionSignaled'),
    timers: count(history, 'timerStarted'),
    activities: count(history, 'activityTaskScheduled'),
    'tasks with local activities': new Set(tasksWithLocals).size,
    upserts: count(history, 'upsertWorkflowSearchAttributes'),
  };
}

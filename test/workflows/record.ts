/** Recorded histories: `npm run record` writes them anew, in the commit that changes a workflow (3-architecture §3 rule 9). */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import type { Client } from '@temporalio/client';

const HISTORIES = join(__dirname, '..', 'replay', 'histories');
const COUNTS = join(__dirname, '..', 'replay', 'event-counts.json');
const recording = process.env.TIDEGATE_RECORD === '1';

/** How often each event type stands in a history; workflow tasks are counted apart, as one number. */
export type EventCounts = Readonly<Record<string, number>>;

export async function countEvents(client: Client, workflowId: string): Promise<EventCounts> {
  const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
  const counts: Record<string, number> = {};
  for (const event of events ?? []) {
    const name =
      Object.keys(event)
        .find((key) => key.endsWith('EventAttributes'))
        ?.replace('EventAttributes', '') ?? 'unknown';
    const kind = name.startsWith('workflowTask') ? 'workflowTask' : name;
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => a.localeCompare(b)));
}

/** The golden counts of a path; recording writes them. */
export function goldenCounts(name: string, counts: EventCounts): EventCounts {
  const all = JSON.parse(readFileSync(COUNTS, 'utf8')) as Record<string, EventCounts>;
  if (recording) writeFileSync(COUNTS, `${JSON.stringify({ ...all, [name]: counts }, null, 2)}\n`);
  return recording ? counts : (all[name] ?? {});
}

/** Keeps a run's history under a name, when recording. */
export async function record(client: Client, name: string, workflowId: string): Promise<void> {
  if (!recording) return;
  const history = await client.workflow.getHandle(workflowId).fetchHistory();
  // The real server says which run it is; signatures are bound to that, so a replay must know.
  const started = history.events?.[0]?.workflowExecutionStartedEventAttributes;
  if (started) started.workflowId = workflowId;
  writeFileSync(join(HISTORIES, `${name}.json`), `${historyToJSON(history)}\n`);
}

/** Whether anybody works on a queue: what waits there would wait for ever and say nothing (5-quality §1). */
import type { Client } from '@temporalio/client';
import { tsToMs } from '@temporalio/common/lib/time';

export interface Queues {
  /** Since when nobody takes activities from a queue, epoch ms; null: somebody does, or that cannot be asked now. */
  idleSince(queue: string): Promise<number | null>;
}

/** What can be told apart from a poll that began just now and ends empty after a minute. */
const SILENT_MS = 90_000;
/** Answers are kept: a page of environments asks once, however often it is opened. */
const KEPT_MS = 5_000;
const ANSWER_WITHIN_MS = 2_000;
/** Of the two kinds of work that a queue has: activities, as the wire counts them. */
const ACTIVITIES: Readonly<Record<string, number>> = { taskQueueType: 2 };

interface Kept {
  readonly at: number;
  readonly answer: Promise<number | null>;
}

export function createQueues(client: Client, now: () => number = Date.now): Queues {
  const kept = new Map<string, Kept>();
  /** The last sign of life of each queue, or when it was first looked for: the server forgets after five minutes. */
  const lastSeen = new Map<string, number>();

  async function lastPoll(queue: string): Promise<number | null> {
    const { namespace } = client.options;
    const { pollers } = await client.connection.withDeadline(Date.now() + ANSWER_WITHIN_MS, () =>
      client.workflowService.describeTaskQueue({
        namespace,
        taskQueue: { name: queue },
        ...ACTIVITIES,
      }),
    );
    const times = pollers.map(({ lastAccessTime }) => tsToMs(lastAccessTime));
    return times.length === 0 ? null : Math.max(...times);
  }

  async function look(queue: string): Promise<number | null> {
    const seen = await lastPoll(queue);
    const since = seen ?? lastSeen.get(queue) ?? now();
    lastSeen.set(queue, since);
    return seen !== null && now() - seen <= SILENT_MS ? null : since;
  }

  return {
    idleSince(queue) {
      const before = kept.get(queue);
      if (before && now() - before.at < KEPT_MS) return before.answer;
      const answer = look(queue).catch(() => null);
      kept.set(queue, { at: now(), answer });
      return answer;
    },
  };
}

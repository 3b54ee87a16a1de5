/**
 * Workflow interceptor of the harness: a dead worker is noticed after seconds, and a long wait before another try is a
 * short one, so that a thousand runs fit into hours. Nothing but durations differs from production.
 */
import type { WorkflowInterceptors } from '@temporalio/workflow';

const HEARTBEAT = '4s';
/** Timers that only say "ask again later", by the beginning of their summary. */
const PATIENCE: readonly (readonly [summary: string, ms: number])[] = [
  ['try again', 2_000],
  ['end of ', 15_000],
];

export const interceptors = (): WorkflowInterceptors => ({
  outbound: [
    {
      scheduleActivity(input, next) {
        const { options } = input;
        if (options.heartbeatTimeout === undefined) return next(input);
        return next({ ...input, options: { ...options, heartbeatTimeout: HEARTBEAT } });
      },
      startTimer(input, next) {
        const summary = input.options?.summary ?? '';
        const shorter = PATIENCE.find(([beginning]) => summary.startsWith(beginning));
        return next(shorter ? { ...input, durationMs: Math.min(input.durationMs, shorter[1]) } : input);
      },
    },
  ],
});

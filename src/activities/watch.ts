/** The watch window: one long activity that samples, judges, and resumes at the last sample in the ledger (A-050, P5). */
import { deploymentSubject } from '../domain/ids';
import { judge, sampleBetween, type Reading, type Sample, type WatchVerdict } from '../domain/watch';
import { alive, beating, stopSignal } from './context';
import { targetOf, type ActivityDeps } from './deps';
import type { Activities, WatchOrder } from './index';

export function createWatch(deps: ActivityDeps): Pick<Activities, 'watchWindow'> {
  const { ledger, clock } = deps;
  return {
    async watchWindow(order: WatchOrder): Promise<WatchVerdict> {
      const { metrics } = targetOf(deps, order.service, order.env);
      const subject = deploymentSubject(order.deployment);
      const { startedAt, windowMs, baseline, policy } = order;
      const kept = await ledger.samples(subject, startedAt);
      const samples: Sample[] = kept.flatMap(({ sample }) => (sample ? [sample] : []));
      let last: Reading | null = kept.at(-1)?.reading ?? null;
      for (;;) {
        const now = clock.now();
        const reading = await metrics.read(now).catch(() => silent(now));
        const sample = last && sampleBetween(last, reading);
        await ledger.addSample(subject, now, reading, sample);
        if (sample) samples.push(sample);
        last = reading;
        const finished = now >= startedAt + windowMs;
        const { noDataMs, missing, rules } = policy;
        const verdict = judge(samples, baseline, rules, { startedAt, now, noDataMs, missing, finished });
        if (verdict.outcome !== 'continue') return verdict;
        alive(`T+${Math.round((now - startedAt) / 1000)} s, ${samples.length} samples`);
        // The wait may be longer than the heartbeat timeout.
        await beating(clock.sleep(Math.min(policy.everyMs, Math.max(0, startedAt + windowMs - now)), stopSignal()));
      }
    },
  };
}

/** The target could not be asked: a reading without evidence, which the rules on missing data judge. */
function silent(at: number): Reading {
  return { at, counters: null, histogram: null, gauges: { cpu: null, memory: null, queueDepth: null }, healthy: null };
}

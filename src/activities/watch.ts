/** The watch window: one long activity that samples, judges, and resumes at the last sample in the ledger (A-050, P5). */
import { TidegateFailure } from '../domain/failures';
import { deploymentSubject } from '../domain/ids';
import { TIDEGATE } from '../domain/people';
import { wasAnswered, type Breach, type WatchVerdict } from '../domain/watch';
import { noticedText } from '../domain/watch-texts';
import { watchTurn } from '../domain/watch-turn';
import { alive, beating, stopSignal } from './context';
import { targetOf, type ActivityDeps } from './deps';
import type { Activities, WatchOrder } from './index';
import { runs, sawSentence } from './step';

export function createWatch(deps: ActivityDeps): Pick<Activities, 'watchWindow'> {
  const { ledger, clock } = deps;
  return {
    async watchWindow(order: WatchOrder): Promise<WatchVerdict> {
      const { metrics } = targetOf(deps, order.service, order.env);
      const subject = deploymentSubject(order.deployment);
      const { startedAt, windowMs, baseline, policy, settled } = order;
      const { everyMs, rules } = policy;
      const kept = await ledger.samples(subject, startedAt);
      const samples = kept.flatMap(({ sample }) => sample ?? []);
      const notice = noticing(deps, order);
      const pause = (ms: number): Promise<void> => beating(clock.sleep(Math.max(0, ms), stopSignal()));
      // Whoever goes on where another stopped keeps its beat: "twice in a row" means two intervals.
      const last = kept.at(-1)?.at;
      if (last !== undefined) await pause(last + everyMs - clock.now());
      for (;;) {
        const now = clock.now();
        const after = samples.findLast(wasAnswered)?.at ?? startedAt;
        const fresh = await beating(metrics.samples({ after, until: now, everyMs }));
        for (const sample of fresh) await ledger.addSample(subject, sample.at, null, sample);
        samples.push(...fresh);
        const finished = now >= startedAt + windowMs;
        const turn = watchTurn({ samples, baseline, rules, settled }, { ...policy, startedAt, now, finished });
        turn.told.forEach(notice);
        if (turn.verdict) {
          await stillServes(deps, order);
          return turn.verdict;
        }
        alive(`T+${Math.round((now - startedAt) / 1000)} s, ${samples.length} samples`);
        // The wait may be longer than the heartbeat timeout.
        await pause(Math.min(everyMs, startedAt + windowMs - now));
      }
    },
  };
}

/** What the window says is of no use when another build was watched; and nobody's deployment by hand is rolled back. */
async function stillServes(deps: ActivityDeps, { service, env, serves }: WatchOrder): Promise<void> {
  if (serves === undefined) return;
  const { target, deployment } = serves;
  const seen = await beating(targetOf(deps, service, env).deployer.observe());
  if (seen.state !== 'running' || runs(seen, target, deployment)) return;
  throw new TidegateFailure(
    'Unknown',
    `drift: ${env} was given ${target.version} (${target.sha.slice(0, 7)}) and shows ${sawSentence(seen)}. Somebody deployed by hand meanwhile; nothing was rolled back. Look at ${env}, then recheck it.`,
  );
}

/**
 * Tells of a breach that decides nothing, once per rule and window, whoever watches: what was told stands in the ledger
 * (P-071). Nobody waits for the channel; what could not be told is told at a later sample.
 */
function noticing({ ledger, messenger }: ActivityDeps, order: WatchOrder): (breach: Breach) => void {
  const { deployment, service, env, startedAt } = order;
  const underWay = new Set<string>();
  const { id: actor, surface } = TIDEGATE;

  async function tellOnce(breach: Breach): Promise<void> {
    const id = `watch/${deployment}/${startedAt}/${breach.rule}`;
    if (await ledger.hasEvent(id)) return;
    const data = noticedText({ id: deployment, service, env }, breach);
    await messenger.send(data);
    const subject = deploymentSubject(deployment);
    const at = startedAt + breach.afterMs;
    await ledger.append([{ id, kind: 'message.sent', data, service, subject, at, actor, surface, reason: null }]);
  }

  return (breach) => {
    if (underWay.has(breach.rule)) return;
    underWay.add(breach.rule);
    void tellOnce(breach).catch(() => underWay.delete(breach.rule));
  };
}

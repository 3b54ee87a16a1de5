/** The watch of a deployment: a hard breach ends it, a soft one asks people while the target stays watched. */
import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import type { WatchOrder } from '../activities';
import type { Candidate, Target } from '../domain/deployment';
import { answererRoles } from '../domain/deployment-decision';
import { breachOf, failedSmoke, sentBack, watchSentence } from '../domain/deployment-plan';
import { pendingQuestion, settledRules, windowEnd, type Question, type Settled } from '../domain/deployment-question';
import type { Baseline, Breach, WatchVerdict } from '../domain/watch';
import { answeredText, askedText, escalatedText } from '../domain/watch-texts';
import { begin, finish, type Flight } from './deployment-steps';
import { environmentActs, environmentReads } from './proxies';

/** Beyond the window's own length, so that the activity can speak first. */
const SLACK_MS = 10 * 60_000;

/** One window over one version. */
interface Window {
  readonly startedAt: number;
  readonly windowMs: number;
  readonly serves: NonNullable<WatchOrder['serves']>;
  readonly baseline: Baseline | null;
  readonly settled: readonly Settled[] | null;
}

/** Null when the candidate may stay, else why not. */
export async function watch(flight: Flight, candidate: Candidate, baseline: Baseline | null): Promise<string | null> {
  begin(flight, 'watch');
  const serves = { target: targetOf(candidate), deployment: flight.order.id };
  const startedAt = Date.now();
  for (;;) {
    const { questions } = flight.journal.state();
    const end = windowEnd(startedAt, flight.order.policy.watch.windowMs, questions);
    const window = { startedAt, windowMs: end - startedAt, serves, baseline, settled: settledRules(questions) };
    const seen = await stoppable(watched(flight, window));
    const verdict = seen.outcome === 'soft' ? await ask(flight, seen.breach, window) : seen;
    if (verdict === null) continue;
    const back = verdict === 'rollback' ? sentBack(flight.journal.state()) : breachOf(verdict);
    if (verdict !== 'rollback' && 'breach' in verdict) {
      flight.journal.emit({ kind: 'deployment.breached', data: { breach: verdict.breach } });
    }
    finish(flight, 'watch', back === null, back ?? (verdict === 'rollback' ? '' : watchSentence(verdict)));
    return back;
  }
}

/** Smoke and a mini watch on the version that is back, which ask nobody. Null when both held, else what did not. */
export async function verify(flight: Flight, to: Target, baseline: Baseline | null): Promise<string | null> {
  begin(flight, 'verify');
  const { order, journal } = flight;
  const { runSmoke } = environmentReads(order.service, order.env);
  const results = await runSmoke(order, to, order.running?.deployment ?? '');
  const serves = { target: targetOf(to), deployment: order.running?.deployment ?? null };
  const { miniWindowMs: windowMs } = order.policy.watch;
  const window = { startedAt: Date.now(), windowMs, serves, baseline, settled: null };
  const problem = failedSmoke(results) ?? breachOf(await watched(flight, window));
  const detail = problem ?? `${to.version} answers: ${results.length} smoke checks passed and the mini watch held`;
  finish(flight, 'verify', problem === null, detail);
  journal.emit({ kind: 'deployment.rolled-back', data: { to, verified: problem === null, smoke: results, detail } });
  return problem;
}

/** A candidate is more than an activity needs to know. */
const targetOf = ({ version, sha }: Target): Target => ({ version, sha });

function watched({ order }: Flight, window: Window): Promise<WatchVerdict> {
  const { id, service, env, policy } = order;
  const { watchWindow } = environmentActs(service, env, window.windowMs + SLACK_MS);
  return watchWindow({ deployment: id, service, env, ...window, policy: policy.watch });
}

/** An abort waits for no watcher: only a script must be gone before anything else is done. */
const stoppable = <T>(work: Promise<T>): Promise<T> =>
  Promise.race([work, CancellationScope.current().cancelRequested]);

/**
 * Asks people about a soft breach, and watches on meanwhile: a hard breach needs no answer. Null when the watch goes on.
 * @returns `rollback`, or the verdict that came before any answer
 */
async function ask(flight: Flight, breach: Breach, window: Window): Promise<WatchVerdict | 'rollback' | null> {
  const { journal } = flight;
  const question = open(flight, breach);
  const until = Math.max(window.startedAt + window.windowMs, question.until);
  const eyes = new CancellationScope();
  let verdict: WatchVerdict | null = null;
  let failure: Error | null = null as Error | null;
  const watching = eyes
    .run(() => watched(flight, { ...window, windowMs: until - window.startedAt, settled: null }))
    .then((seen) => {
      if (breachOf(seen) !== null) verdict = seen;
    })
    .catch((error: unknown) => {
      if (!isCancellation(error)) failure = error instanceof Error ? error : new Error(String(error));
    });
  const over = (): boolean =>
    verdict !== null || failure !== null || pendingQuestion(journal.state().questions) === null;
  try {
    await answered(flight, question, over);
  } finally {
    // After an abort nobody is waited for either.
    flight.show({ TidegateWaitingFor: 'none' });
  }
  eyes.cancel();
  if (failure !== null) throw failure;
  const answer = journal.state().questions.at(-1)?.answer ?? null;
  if (answer === null) return verdict;
  if (answer.verb === 'rollback') return 'rollback';
  // Two watchers at once would be one too many: the next goes on where this one stopped.
  await stoppable(watching);
  return null;
}

function open(flight: Flight, breach: Breach): Question {
  const { journal, order } = flight;
  const { askMs, escalateMs, otherwise } = order.policy.watch.soft;
  const now = Date.now();
  const times = { until: now + askMs, escalateAt: now + escalateMs };
  const data = { breach, ...times, otherwise, who: answererRoles(order.policy) };
  journal.emit({ kind: 'deployment.asked', data });
  const question: Question = { ...data, since: now, owner: null, escalatedAt: null, answer: null };
  flight.announce(askedText(journal.state(), question));
  flight.show({ TidegateWaitingFor: 'person' });
  return question;
}

/** Waits for an answer; nobody's silence holds a deployment: after the deadline the config answers. */
async function answered(flight: Flight, question: Question, over: () => boolean): Promise<void> {
  const { journal } = flight;
  const { escalateAt, until, otherwise } = question;
  const wait = (at: number, summary: string) => condition(over, Math.max(1, at - Date.now()), { summary });
  await wait(escalateAt, 'escalate: nobody has answered');
  if (over()) return;
  if (escalateAt < until && pendingQuestion(journal.state().questions)?.owner === null) {
    journal.emit({ kind: 'deployment.escalated', data: {} });
    flight.announce(escalatedText(journal.state(), question));
  }
  await wait(until, `no answer: ${otherwise}`);
  if (over()) return;
  journal.emit({ kind: 'deployment.answered', data: { answer: otherwise, minutes: null, byDefault: true } });
  const last = journal.state().questions.at(-1);
  if (last) flight.announce(answeredText(journal.state(), last));
}

/** One turn of a watch: go on, ask people about a soft breach, or end. Pure; times are arguments. */
import { breachesOf } from './breach';
import type { Settled } from './deployment-question';
import {
  hasData,
  judge,
  type Baseline,
  type Breach,
  type JudgeOptions,
  type Sample,
  type WatchRule,
  type WatchVerdict,
} from './watch';

/** What a window is judged by. */
export interface Watched {
  readonly samples: readonly Sample[];
  readonly baseline: Baseline | null;
  readonly rules: readonly WatchRule[];
  /** What people said of soft rules in this window; null: nobody is asked, and soft breaches wait for its end. */
  readonly settled: readonly Settled[] | null;
}

export interface Turn {
  /** null: the watch goes on. */
  readonly verdict: WatchVerdict | null;
  /** `notify` and `page` breaches so far, which are told and never decide (P-071). */
  readonly told: readonly Breach[];
}

/**
 * What is to be done now. A soft breach ends the activity at once, so that people are asked; one that they let pass
 * (`continue`) is asked about no more in this window, one that they wanted to see longer (`extend`) again at its end,
 * if it showed again since.
 */
export function watchTurn(watched: Watched, options: JudgeOptions): Turn {
  const { samples, baseline, rules } = watched;
  const { startedAt } = options;
  const tells = rules.filter((rule) => rule.class === 'notify' || rule.class === 'page');
  return {
    verdict: verdictOf(watched, options),
    told: breachesOf(after(samples, startedAt), baseline, tells, startedAt),
  };
}

function verdictOf(watched: Watched, options: JudgeOptions): WatchVerdict | null {
  const { samples, baseline, rules, settled } = watched;
  if (settled === null) {
    const judgement = judge(samples, baseline, rules, options);
    return judgement.outcome === 'continue' ? null : judgement;
  }
  const open = rules.filter(({ id }) => !settled.some(({ rule }) => rule === id));
  const judgement = judge(samples, baseline, open, options);
  switch (judgement.outcome) {
    case 'hard':
    case 'inconclusive':
      return judgement;
    case 'continue': {
      const breach = judgement.breaches.find((each) => each.class === 'soft' && asks(each, settled, false));
      const count = after(samples, options.startedAt).filter(hasData).length;
      return breach ? { outcome: 'soft', breach, samples: count } : null;
    }
    case 'soft':
      return asks(judgement.breach, settled, true)
        ? judgement
        : seenLonger(watched, settled, options, judgement.samples);
    case 'pass':
      return seenLonger(watched, settled, options, judgement.samples);
  }
}

/** The window is over and nothing new was found: did the rules that people wanted to see longer break again? */
function seenLonger(
  { samples, baseline, rules }: Watched,
  settled: readonly Settled[],
  { startedAt }: JudgeOptions,
  count: number,
): WatchVerdict {
  const [breach] = settled.flatMap(({ rule, at, answer }) => {
    const own = answer === 'extend' ? rules.filter(({ id }) => id === rule) : [];
    return breachesOf(after(samples, Math.max(at, startedAt)), baseline, own, startedAt);
  });
  return breach ? { outcome: 'soft', breach, samples: count } : { outcome: 'pass', samples: count };
}

const after = (samples: readonly Sample[], at: number): readonly Sample[] =>
  samples.filter((sample) => sample.at > at).sort((a, b) => a.at - b.at);

/** Missing evidence is no rule of the list, but people answer it the same way. */
function asks({ rule }: Breach, settled: readonly Settled[], finished: boolean): boolean {
  const found = settled.find((each) => each.rule === rule);
  return found === undefined || (finished && found.answer === 'extend');
}

/** What a watch asks people about a soft breach, and what they answered (A-052, "timed soft breach" of 1-product). */
import type { Stamped } from './events';
import type { Role, Surface } from './people';
import type { Breach } from './watch';

export const ANSWERS = ['continue', 'rollback', 'extend'] as const;
export type AnswerVerb = (typeof ANSWERS)[number];

/** Who did something with a question, where and when. */
export interface Hand {
  readonly by: string;
  readonly surface: Surface;
  readonly at: number;
  readonly reason: string | null;
}

export interface Answer extends Hand {
  readonly verb: AnswerVerb;
  /** How much longer to watch; null unless `extend`. */
  readonly minutes: number | null;
  /** Nobody answered in time, and the config did. */
  readonly byDefault: boolean;
}

export interface Question {
  readonly breach: Breach;
  readonly since: number;
  /** The deadline: then `otherwise` counts. */
  readonly until: number;
  /** When more people hear of it, unless somebody has taken it. */
  readonly escalateAt: number;
  readonly otherwise: 'continue' | 'rollback';
  /** Roles that may let the candidate stay. */
  readonly who: readonly Role[];
  /** Whoever looks after it (`take`). */
  readonly owner: Hand | null;
  readonly escalatedAt: number | null;
  /** null: open, or overtaken by a hard breach or an abort. */
  readonly answer: Answer | null;
}

export type QuestionEvent =
  | {
      readonly kind: 'deployment.asked';
      readonly data: Pick<Question, 'breach' | 'until' | 'escalateAt' | 'otherwise' | 'who'>;
    }
  | { readonly kind: 'deployment.taken'; readonly data: Record<string, never> }
  | { readonly kind: 'deployment.escalated'; readonly data: Record<string, never> }
  | {
      readonly kind: 'deployment.answered';
      readonly data: { readonly answer: AnswerVerb; readonly minutes: number | null; readonly byDefault: boolean };
    };

/** The questions of a deployment after one more event; what comes after an answer changes nothing. */
export function evolveQuestions(questions: readonly Question[], event: Stamped<QuestionEvent>): readonly Question[] {
  const { at, actor: by, surface, reason } = event;
  const hand = { by, surface, at, reason };
  const open = pendingQuestion(questions);
  if (event.kind === 'deployment.asked') {
    return [...questions, { ...event.data, since: at, owner: null, escalatedAt: null, answer: null }];
  }
  if (open === null) return questions;
  const before = questions.slice(0, -1);
  switch (event.kind) {
    case 'deployment.taken':
      return [...before, { ...open, owner: hand }];
    case 'deployment.escalated':
      return [...before, { ...open, escalatedAt: at }];
    case 'deployment.answered': {
      const { answer: verb, minutes, byDefault } = event.data;
      return [...before, { ...open, answer: { ...hand, verb, minutes, byDefault } }];
    }
  }
}

/** The newest question when nobody has answered it. */
export function pendingQuestion(questions: readonly Question[]): Question | null {
  const last = questions.at(-1);
  return last?.answer === null ? last : null;
}

const MINUTE = 60_000;

/** By how much people have made the window longer so far. */
export function extendedMs(questions: readonly Question[]): number {
  return questions.reduce((sum, { answer }) => sum + (answer?.minutes ?? 0) * MINUTE, 0);
}

/** When the window ends: an extension counts from its end, or from the answer when it was over already. */
export function windowEnd(startedAt: number, windowMs: number, questions: readonly Question[]): number {
  return questions.reduce(
    (end, { answer }) => (answer?.minutes ? Math.max(end, answer.at) + answer.minutes * MINUTE : end),
    startedAt + windowMs,
  );
}

/** What was decided about a soft rule: nothing more is asked of it, or it counts anew at the end of the window. */
export interface Settled {
  readonly rule: string;
  readonly at: number;
  readonly answer: 'continue' | 'extend';
}

/** The last word on each rule that was asked about. */
export function settledRules(questions: readonly Question[]): readonly Settled[] {
  const settled = questions.flatMap(({ breach, answer }) =>
    answer === null || answer.verb === 'rollback' ? [] : [{ rule: breach.rule, at: answer.at, answer: answer.verb }],
  );
  return settled.filter(({ rule }, index) => !settled.slice(index + 1).some((later) => later.rule === rule));
}

/** `bo continued it at …`: one sentence for reports, refusals and verdicts; instants are ISO-8601 UTC. */
export function answerSentence({ otherwise, until, answer }: Question): string {
  if (answer === null) return `open until ${instant(until)}, then ${otherwise}`;
  const { verb, minutes, by, surface, at, byDefault } = answer;
  if (byDefault) return `nobody answered until ${instant(until)}, so ${verb} counts, as configured`;
  const what = minutes === null ? verb : `${verb} by ${minutes} min`;
  return `${by} answered ${what} by ${surface} at ${instant(at)}`;
}

const instant = (at: number): string => new Date(at).toISOString();

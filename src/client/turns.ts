/** Who may speak to a run: one after the other, in the order in which they came. */
import { TidegateFailure } from '../domain/failures';

export interface Turns {
  /** Does the work when all before it under this key have ended. @throws Unavailable when that takes too long: nothing was done */
  take<T>(key: string, work: () => Promise<T>): Promise<T>;
}

/**
 * A run takes one decision at a time. Sent all at once, Temporal turns some away (ten at most wait) and may hand the run a
 * task twice, in another order (6-faults F25, F31).
 */
export function createTurns(patienceMs: number): Turns {
  const last = new Map<string, Promise<unknown>>();
  return {
    async take(key, work) {
      const before = last.get(key) ?? Promise.resolve();
      let done: () => void = () => undefined;
      const mine = Promise.all([before, new Promise<void>((resolve) => (done = resolve))]);
      last.set(key, mine);
      void mine.then(() => last.get(key) === mine && last.delete(key));
      try {
        if (!(await within(before, patienceMs))) throw tooMany();
        return await work();
      } finally {
        done();
      }
    },
  };
}

function within(promise: Promise<unknown>, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), ms);
    void promise.then(() => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}

function tooMany(): TidegateFailure {
  return new TidegateFailure(
    'Unavailable',
    'Too many decisions wait for the same run: this one was not sent. Try again in a moment; the same request twice is one.',
  );
}

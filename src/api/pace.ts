import { ApiProblem } from './problems';

/** How fast decisions may come to one run, whoever sends them: a flood must not fill its intake (3-architecture §3 rule 12). */
export interface Pace {
  /** @throws ApiProblem too-many */
  take(run: string): void;
}

const MINUTE_MS = 60_000;

export function createPace(perMinute: number, now: () => number): Pace {
  let minute = -1;
  const taken = new Map<string, number>();
  return {
    take(run) {
      const present = Math.floor(now() / MINUTE_MS);
      // Counting begins anew each minute, so that what is remembered stays small.
      if (present !== minute) taken.clear();
      minute = present;
      const count = (taken.get(run) ?? 0) + 1;
      taken.set(run, count);
      if (count <= perMinute) return;
      const sentence = `More than ${perMinute} decisions in a minute on ${run}: wait a minute, then look at it again.`;
      throw new ApiProblem('too-many', sentence, { headers: { 'Retry-After': '60' } });
    },
  };
}

/** Tells the person one line about what is being done. */
export type Say = (line: string) => void;

/** One way to get something. `attempt` answers what it got, or the reason why not; it does not throw. */
export interface Step<T> {
  /** What is tried, as a phrase after "Trying": `temporal on PATH`. */
  readonly name: string;
  readonly attempt: () => Promise<Found<T> | Missing>;
}
export interface Found<T> {
  readonly found: T;
}
export interface Missing {
  readonly missing: string;
}

/** Every way was tried; the message lists each with its reason. */
export class NothingFound extends Error {
  override readonly name = 'NothingFound';
  constructor(
    readonly what: string,
    readonly reasons: readonly string[],
    advice: string,
  ) {
    super(`${what} could not be found or obtained:\n${reasons.map((reason) => `  - ${reason}`).join('\n')}\n${advice}`);
  }
}

/** Walks the steps in order until one works; each failure says its reason and the next step. */
export async function climb<T>(
  what: string,
  steps: readonly Step<T>[],
  say: Say,
  advice: string,
): Promise<{ readonly value: T; readonly source: string }> {
  const reasons: string[] = [];
  for (const [index, step] of steps.entries()) {
    const outcome = await step.attempt();
    if ('found' in outcome) return { value: outcome.found, source: step.name };
    reasons.push(`${step.name}: ${outcome.missing}`);
    const next = steps[index + 1];
    say(`${what}: ${step.name}: ${outcome.missing}.${next ? ` Next: ${next.name}.` : ''}`);
  }
  throw new NothingFound(what, reasons, advice);
}

export const found = <T>(value: T): Found<T> => ({ found: value });
export const missing = (reason: string): Missing => ({ missing: reason });

/** The first line of an error, short enough for one line of talk. */
export function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return (text.split('\n')[0] ?? '').slice(0, 200);
}

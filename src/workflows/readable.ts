/**
 * The start input of a run. One that nobody could open fails the task, and only that: the run stands still until its
 * worker has the key, and then goes on as if nothing had been (6-faults E13, F33).
 */
export function readable<T>(input: T): T {
  if (typeof input !== 'object' || input === null || !('undecodable' in input)) return input;
  throw new Error(
    `This run cannot read its own input (${String(input.undecodable)}). Give its worker the key, or accept plaintext until this run has ended; it goes on by itself.`,
  );
}

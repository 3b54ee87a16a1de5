/** Time for long activities, injected: in a test it need not be the wall clock (3-architecture §3 rule 6). */
export interface Clock {
  now(): number;
  /** Resolves after `ms`, or rejects with the signal's reason. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

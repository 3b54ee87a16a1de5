/**
 * A recorder in the background: a source without history can only give a baseline from before a deployment when someone
 * wrote it down. The worker of an environment runs one.
 */
export interface RecorderOptions {
  /** Takes a reading and keeps it. */
  record(at: number): Promise<void>;
  readonly everyMs: number;
  /** Readings older than this are given to `forget`. */
  readonly keepMs: number;
  /** Drops readings before an instant. */
  forget(before: number): Promise<void>;
  now(): number;
  /** Hears of each reading that could not be taken or saved, with how many in a row it is. */
  onError(error: unknown, inARow: number): void;
}

export interface Recorder {
  /** Takes the first reading at once. A second start changes nothing. */
  start(): void;
  /** Returns when the reading under way is over and kept; none follows. */
  stop(): Promise<void>;
}

const FORGET_EVERY_MS = 60 * 60_000;

/** Never throws and never runs twice at a time; after a failure it simply tries at the next interval. */
export function createRecorder(options: RecorderOptions): Recorder {
  let timer: NodeJS.Timeout | null = null;
  let running: Promise<void> = Promise.resolve();
  let stopped = true;
  let failures = 0;
  let forgottenAt = Number.NEGATIVE_INFINITY;

  const record = async (): Promise<void> => {
    const at = options.now();
    await options.record(at);
    if (stopped || at - forgottenAt < FORGET_EVERY_MS) return;
    await options.forget(at - options.keepMs);
    forgottenAt = at;
  };

  const tick = async (): Promise<void> => {
    try {
      await record();
      failures = 0;
    } catch (error) {
      failures += 1;
      options.onError(error, failures);
    }
    if (!stopped) timer = setTimeout(next, options.everyMs).unref();
  };

  const next = (): void => {
    running = tick();
  };

  return {
    start() {
      if (!stopped) return;
      stopped = false;
      next();
    },
    async stop() {
      stopped = true;
      if (timer !== null) clearTimeout(timer);
      await running;
    },
  };
}

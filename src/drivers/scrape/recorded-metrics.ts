/** A target that knows only its present gets a history by being written down: the port `Metrics` over single readings. */
import { sampleBetween, type Reading } from '../../domain/reading';
import { emptySample, type Sample } from '../../domain/watch';
import type { Metrics } from '../../ports/metrics';

/** Where the readings of one environment are kept. */
export interface ReadingStore {
  /** Readings from an instant on, oldest first. */
  load(from: number): Promise<readonly Reading[]>;
  save(reading: Reading): Promise<void>;
}

export interface RecordedMetrics extends Metrics {
  /** Takes a reading unless one was just taken; @throws Unavailable when the target cannot be asked. */
  record(now: number): Promise<void>;
}

export interface RecordedOptions {
  /** @throws Unavailable when the target cannot be asked; "no data" is a reading of nulls */
  read(now: number): Promise<Reading>;
  readonly store: ReadingStore;
  /** The usual time between two readings. */
  readonly everyMs: number;
}

/** Samples between readings that lie at least half an interval apart: a shorter one would rest on too few requests. */
function samplesOf(readings: readonly Reading[], everyMs: number): readonly Sample[] {
  const samples: Sample[] = [];
  let previous: Reading | null = null;
  for (const reading of readings) {
    if (previous && reading.at - previous.at < everyMs / 2) continue;
    if (previous) samples.push(sampleBetween(previous, reading));
    previous = reading;
  }
  return samples;
}

/**
 * Asking for samples takes a reading, so that a watch needs no recorder and its first sample begins with the window;
 * meanwhile the recorder in the background keeps still, and both write down one history.
 */
export function createRecordedMetrics({ read, store, everyMs }: RecordedOptions): RecordedMetrics {
  let lastAt = Number.NEGATIVE_INFINITY;
  const take = async (now: number): Promise<void> => {
    const reading = await read(now);
    await store.save(reading);
    lastAt = now;
  };
  return {
    async record(now) {
      if (now - lastAt >= everyMs / 2) await take(now);
    },
    async samples({ after, until, everyMs: apart }) {
      const trouble = await take(until).then(
        () => null,
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      );
      const readings = await store.load(after);
      const samples = samplesOf(
        readings.filter(({ at }) => at <= until),
        apart,
      );
      return trouble === null ? samples : [...samples, emptySample(until, null, trouble)];
    },
  };
}

import type { Sample } from '../domain/watch';

/** Which samples are asked for: `after < at <= until`, one for each interval of `everyMs`; instants in epoch ms. */
export interface SampleRange {
  readonly after: number;
  readonly until: number;
  readonly everyMs: number;
}

/** The measured side of one environment. */
export interface Metrics {
  /**
   * What was measured, oldest first. A source that keeps history fills what was missed while nobody asked; one that
   * keeps none begins at the first reading. "No data" is a sample of nulls; a source that could not be asked gives a
   * last sample that says so in `unanswered`. Never throws: what missing evidence means is judged elsewhere.
   */
  samples(range: SampleRange): Promise<readonly Sample[]>;
}

import type { Reading } from '../domain/watch';

/** The measured side of one environment. */
export interface Metrics {
  /** One reading now. @throws Unavailable when the target cannot be asked; "no data" is a reading of nulls. */
  read(now: number): Promise<Reading>;
}

import type { FreezeWindow, SlotKind, SlotAnswer } from '../domain/slots';

/** The live calendar of each service (never a run's copy): slots and freezes as they stand now. */
export interface Calendars {
  /** The next slot of a kind after an instant for this scope; for T2, `after` is compared with the cutoff. */
  next(question: SlotQuestion): SlotAnswer;
  /** The freeze in force at an instant for this scope, or null. */
  frozen(service: string, env: string, modules: readonly string[], at: number): FreezeWindow | null;
}

export interface SlotQuestion {
  readonly service: string;
  readonly env: string;
  readonly modules: readonly string[];
  readonly kind: SlotKind;
  readonly after: number;
  /** Occurrences that already departed and may not again. */
  readonly departed: readonly string[];
}

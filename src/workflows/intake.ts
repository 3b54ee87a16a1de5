/** How many messages one run takes before it continues as new: Temporal refuses all signals after 10,000 (rule 12, F30). */
const MOST_MESSAGES = 1_000;

/** Counts every message of a run, whoever sent it and however malformed. */
export interface Intake {
  took(): void;
  full(): boolean;
}

export function createIntake(): Intake {
  let messages = 0;
  return {
    took() {
      messages += 1;
    },
    full: () => messages >= MOST_MESSAGES,
  };
}

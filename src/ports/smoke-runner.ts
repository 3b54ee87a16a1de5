import type { Candidate, SmokeResult } from '../domain/deployment';
import type { SmokeCase } from '../domain/policy';

/** Real HTTP checks against an environment (T-186, A-040). */
export interface SmokeRunner {
  /** Runs the cases in order, each once; a case that cannot be asked is a failed one with the reason (never thrown). */
  run(
    cases: readonly SmokeCase[],
    values: Pick<Candidate, 'version' | 'sha'> & { readonly deployment: string },
    signal: AbortSignal,
  ): Promise<readonly SmokeResult[]>;
}

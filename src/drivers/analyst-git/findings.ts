import type { Analysis } from '../../domain/bug';
import type { Blame } from '../git/source';
import type { Located } from './frames';
import type { Change } from './scoring';

/** What the repository says about a bug, before it is put into words. */
export interface Findings {
  readonly at: string;
  /** Places of the stack trace in the repository, innermost first. */
  readonly places: readonly (Located & { readonly blame: Blame | null })[];
  /** Suspect files, strongest first; from the stack, else from words. */
  readonly files: readonly string[];
  readonly words: readonly string[];
  readonly changes: readonly Change[];
  readonly confidence: Analysis['confidence'];
}

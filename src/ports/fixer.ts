import type { BugReport, Fix } from '../domain/bug';

/** Finds (or makes) the fix of a bug; null when there is none yet. */
export interface Fixer {
  find(bug: Pick<BugReport, 'id' | 'service'>): Promise<Fix | null>;
}

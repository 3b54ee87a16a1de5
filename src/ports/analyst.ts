import type { Analysis, BugReport, Fix } from '../domain/bug';

/** Works out the likely root cause and a fix plan (T-011). */
export interface Analyst {
  analyse(bug: BugReport, runningSha: string | null, fix: Fix | null): Promise<Analysis | null>;
}

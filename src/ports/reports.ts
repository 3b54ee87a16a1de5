import type { DeploymentState } from '../domain/deployment';
import type { Sample } from '../domain/watch';

/** Durable reports on disk (4-interfaces §9). */
export interface Reports {
  /** (Re)writes the report of a deployment from the ledger's facts, atomically; returns its name (no folder, no suffix). */
  write(deployment: DeploymentState, samples: readonly Sample[]): Promise<string>;
  list(): Promise<readonly { readonly name: string; readonly at: number }[]>;
  /** The report's text, or null. Names outside the grammar are null too. */
  read(name: string, format: 'md' | 'json'): Promise<string | null>;
}

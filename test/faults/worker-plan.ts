/** What a worker process of a case is told, as plain data. */
import type { Moment } from './points';

export interface WorkerPlan {
  readonly config: string;
  readonly stateDir: string;
  readonly temporal: { readonly address: string; readonly namespace: string };
  /** A PostgreSQL address, or the path of an SQLite file. */
  readonly ledger: string;
  readonly bundle: string;
  /** Public keys of the API. */
  readonly signers: readonly string[];
  /** Where the worker halts and says so, once; null: nowhere. */
  readonly halt: Moment | null;
  /** The control: no lock, no fence, no step ledger, no observation before acting. */
  readonly unguarded: boolean;
}

export type ToWorker = { readonly start: WorkerPlan } | { readonly go: true };
export type FromWorker =
  { readonly ready: true } | { readonly up: true } | { readonly reached: Moment } | { readonly failed: string };

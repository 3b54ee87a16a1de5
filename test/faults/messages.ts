/** Between the harness and its lanes. */
import type { CaseResult } from './case';
import type { CaseSpec } from './plan';
import type { LedgerKind } from './world';

export interface LanePlan {
  readonly folder: string;
  readonly cli: string;
  readonly bundle: string;
  readonly ledger: LedgerKind;
}

export type ToLane = { readonly plan: LanePlan } | { readonly run: CaseSpec } | { readonly end: true };
export type FromLane = { readonly ready: true } | { readonly result: CaseResult } | { readonly failed: string };

/** Every signal, update and query with its payload: the wire contract of the workflows. Names never change. */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { BugState } from '../domain/bug';
import type { RideEnd } from '../domain/bug-plan';
import type { DeploymentState } from '../domain/deployment';
import type { BugDecision, DeploymentDecision, EnvironmentDecision } from '../domain/verbs';
import type { DeployRequest, EnvironmentState } from '../domain/environment';
import type { DeploymentResult } from '../domain/environment-plan';
import type { ServicePolicy } from '../domain/policy';

/** A person's decision on a bug: refused with the sentence of domain/decision.ts, or done and in the ledger. */
export const decideUpdate = defineUpdate<DecideResult, [BugDecision]>('decide');
/** The same as a signal: what is refused is recorded, never thrown (3-architecture §3 rule 3). */
export const decideSignal = defineSignal<[BugDecision]>('decide');
export const bugStateQuery = defineQuery<BugState | null>('state');

export const decideEnvironmentUpdate = defineUpdate<DecideResult, [EnvironmentDecision]>('decide');
export const decideEnvironmentSignal = defineSignal<[EnvironmentDecision]>('decide');
export const environmentStateQuery = defineQuery<EnvironmentState>('state');

/** A person's word to a deployment under way: an answer to the question of its watch, or its end. */
export const decideDeploymentUpdate = defineUpdate<DecideResult, [DeploymentDecision]>('decide');
export const decideDeploymentSignal = defineSignal<[DeploymentDecision]>('decide');
export const deploymentStateQuery = defineQuery<DeploymentState>('state');

export interface DecideResult {
  /** Whether the ledger holds it already; false after 10 s without the ledger (4-interfaces §4). */
  readonly recorded: boolean;
  readonly status: string;
}

/** bug ← environment: the request was booked, moved, or could no longer be taken back. */
export const bookedSignal = defineSignal<[BookingNotice]>('booked');
export interface BookingNotice {
  readonly request: string;
  readonly outcome: 'moved' | 'withdrawn' | 'too-late';
  readonly at: number | null;
  readonly slot: 'T1' | 'T2' | null;
  readonly label: string | null;
  readonly graceUntil: number | null;
  readonly why: string;
}

/** bug ← configure: slots or freezes were edited; a T1 that is still ahead is resolved again. */
export const calendarChangedSignal = defineSignal('calendarChanged');

/** bug ← environment: its train's end, as it concerns this passenger. */
export const arrivedSignal = defineSignal<[Arrival]>('arrived');
export interface Arrival extends RideEnd {
  readonly request: string;
}

/** environment ← anyone: a place on a train; the same id twice is one request. */
export const requestSignal = defineSignal<[DeployRequest]>('request');
export const withdrawSignal = defineSignal<[{ readonly request: string; readonly replyTo: string }]>('withdraw');
/** environment ← bug: build the next candidate without this fix. */
export const dropFixSignal = defineSignal<[{ readonly bug: string }]>('dropFix');
/** environment ← configure at every start: the present policy. */
export const configureSignal = defineSignal<[ServicePolicy]>('configure');
/** environment ← its deployment: the end, idempotent by deployment id. */
export const deploymentEndedSignal = defineSignal<[DeploymentEnd]>('deploymentEnded');
/** validation environment ← production environment: PROD moved on; your base follows if you hold it all. */
export const baseAdvancedSignal = defineSignal<[BaseAdvance]>('baseAdvanced');

export interface DeploymentEnd extends DeploymentResult {
  /** Set when a rollback could not be verified: nothing may leave until a person looked. */
  readonly unknown: string | null;
}

export interface BaseAdvance {
  readonly version: string;
  readonly sha: string;
  /** Bugs whose fixes it brought. */
  readonly shipped: readonly string[];
}

/** What the activities stand on: ports only, joined by the worker's composition root. */
import { TidegateFailure } from '../domain/failures';
import type { ServicePolicy } from '../domain/policy';
import type { Verify } from '../domain/signed';
import type { Analyst } from '../ports/analyst';
import type { Calendars } from '../ports/calendars';
import type { Clock } from '../ports/clock';
import type { Deployer } from '../ports/deployer';
import type { Fixer } from '../ports/fixer';
import type { Ledger } from '../ports/ledger';
import type { Messenger } from '../ports/messenger';
import type { Metrics } from '../ports/metrics';
import type { Reports } from '../ports/reports';
import type { Runs } from '../ports/runs';
import type { SmokeRunner } from '../ports/smoke-runner';
import type { Source } from '../ports/source';

/** The drivers of one environment. */
export interface Target {
  readonly deployer: Deployer;
  readonly smoke: SmokeRunner;
  readonly metrics: Metrics;
}

/** The drivers of one service. */
export interface ServiceDrivers {
  readonly policy: ServicePolicy;
  readonly source: Source;
  readonly analyst: Analyst;
  readonly fixer: Fixer;
  readonly reports: Reports;
  /** Only the environments whose queue this worker polls. */
  readonly targets: Readonly<Record<string, Target>>;
}

export interface ActivityDeps {
  readonly ledger: Ledger;
  readonly messenger: Messenger;
  readonly calendars: Calendars;
  readonly runs: Runs;
  readonly clock: Clock;
  /** Name of this machine: a step's intent says where its process is. */
  readonly host: string;
  /** Checks signatures of approvals right before the switch (6-faults E8). */
  readonly verify: Verify;
  readonly services: Readonly<Record<string, ServiceDrivers>>;
}

/** @throws BadPlan when this worker was not configured for the service */
export function serviceOf(deps: ActivityDeps, service: string): ServiceDrivers {
  const found = deps.services[service];
  if (found) return found;
  throw new TidegateFailure(
    'BadPlan',
    `This worker has no config for ${service}: add its tidegate.yaml to TIDEGATE_CONFIG.`,
  );
}

/** @throws BadPlan when this worker has not the environment's credentials */
export function targetOf(deps: ActivityDeps, service: string, env: string): Target {
  const found = serviceOf(deps, service).targets[env];
  if (found) return found;
  throw new TidegateFailure(
    'BadPlan',
    `This worker does not serve ${service} ${env}: start one with --service ${service} --env ${env}.`,
  );
}

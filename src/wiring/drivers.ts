/** From a service's config to its drivers: the one place that knows which tool stands behind which port. */
import { join } from 'node:path';
import type { ServiceDrivers, Target } from '../activities/deps';
import type { EnvironmentWiring, LoadedService } from '../config/loaded';
import { TidegateFailure } from '../domain/failures';
import { createGitAnalyst } from '../drivers/analyst-git/analyst';
import { createBranchFixer } from '../drivers/git/fixer';
import { createGitSource, type GitSource } from '../drivers/git/source';
import { createHttpSmokeRunner } from '../drivers/http/smoke-runner';
import { createFileReports } from '../drivers/reports/file-reports';
import type { Recorder } from '../drivers/scrape/recorder';
import { createScriptDeployer } from '../drivers/script/deployer';
import type { ServicePolicy } from '../domain/policy';
import type { Analyst } from '../ports/analyst';
import type { Ledger } from '../ports/ledger';
import type { Metrics } from '../ports/metrics';
import type { Source } from '../ports/source';
import { wireMetrics } from './metrics';

export interface WiringOptions {
  readonly stateDir: string;
  readonly host: string;
  readonly hostEnv: Readonly<Record<string, string | undefined>>;
  readonly ledger: Ledger;
  /** Hears of readings that could not be taken. */
  readonly warn: (sentence: string) => void;
}

export interface WiredService {
  readonly drivers: ServiceDrivers;
  /** Background readings, so that a baseline from before a deployment exists. */
  readonly recorders: readonly Recorder[];
}

function later(what: string): never {
  throw new TidegateFailure('BadPlan', `${what} is not part of this version of Tidegate yet: use driver script.`);
}

function targetOf(
  loaded: LoadedService,
  environment: EnvironmentWiring,
  source: Source,
  metrics: Metrics,
  options: WiringOptions,
): Target {
  const { deploy, url, name } = environment;
  if (deploy.driver !== 'script') return later(`deploy driver ${deploy.driver}`);
  const deployer = createScriptDeployer({
    service: loaded.policy.service,
    env: name,
    host: options.host,
    script: deploy.script,
    scriptFrom: deploy.scriptFrom.from === 'candidate' ? null : deploy.scriptFrom,
    checkout: (sha, folder) => source.checkout(sha, folder),
    resolve: (ref) => source.resolve(ref),
    workDir: join(options.stateDir, 'work'),
    envFile: environment.envFile,
    envTemplate: environment.envTemplate,
    url,
    versionPath: environment.versionUrl,
    hostEnv: options.hostEnv,
  });
  const secrets = Object.fromEntries(
    Object.entries(environment.smokeSecrets).map(([reference, value]) => [reference, value.reveal()]),
  );
  const smoke = createHttpSmokeRunner({ url, allowedHosts: [new URL(url).host], secrets });
  return { deployer, smoke, metrics };
}

function analystOf(policy: ServicePolicy, source: GitSource): Analyst {
  switch (policy.analysis.provider) {
    case 'git':
      return createGitAnalyst(source, { main: policy.repo.main });
    case 'none':
      return { analyse: () => Promise.resolve(null) };
    case 'model':
    case 'command':
      return later(`analysis provider ${policy.analysis.provider}`);
  }
}

/** Drivers of one service, with those of the environments that this worker serves. */
export function wireService(
  loaded: LoadedService,
  environments: readonly string[],
  options: WiringOptions,
): WiredService {
  const { policy, wiring } = loaded;
  if (policy.fix.provider !== 'branch') later(`fix provider ${policy.fix.provider}`);
  const source = createGitSource({
    url: wiring.repoUrl,
    main: policy.repo.main,
    versionFile: policy.repo.versionFile,
    changelog: policy.repo.changelog,
    mirrorDir: join(options.stateDir, 'mirrors', `${policy.service}.git`),
  });
  const served = Object.values(wiring.environments).filter(({ name }) => environments.includes(name));
  const measured = served.map((environment) => ({ environment, ...wireMetrics(loaded, environment, options) }));
  const targets = measured.map(
    ({ environment, metrics }) => [environment.name, targetOf(loaded, environment, source, metrics, options)] as const,
  );
  return {
    drivers: {
      policy,
      source,
      analyst: analystOf(policy, source),
      fixer: createBranchFixer(source, policy.fix.pattern),
      reports: createFileReports({ dir: wiring.reportsDir, zone: policy.zone }),
      targets: Object.fromEntries(targets),
    },
    recorders: measured.flatMap(({ recorder }) => recorder ?? []),
  };
}

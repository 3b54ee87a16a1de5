/** From the file as written to what drivers need: absolute paths, full addresses, secrets behind their wrapper. */
import { isAbsolute, resolve } from 'node:path';
import { APPROVALS, DEFAULTS } from './defaults';
import type {
  DeployWiring,
  EnvironmentWiring,
  MetricsWiring,
  PrometheusLogin,
  ScriptOrigin,
  TrackerWiring,
  Wiring,
} from './loaded';
import { ms } from './resolve-watch';
import { resolveApprovals, withoutSlash } from './resolve';
import type { SmokeByEnvironment } from './resolve';
import { argv, durationMs, isRemoteRepository } from './scalars';
import type { ConfigFile } from './schema';
import type { EnvironmentInput } from './schema-environment';
import { referencesIn } from './secrets';
import type { Secret } from './secrets';

/** What wiring needs besides the file. `secret` answers null only where secrets were not asked for. */
export interface WireContext {
  readonly baseDir: string;
  readonly smoke: SmokeByEnvironment;
  secret(reference: string): Secret | null;
}

export function resolveWiring(file: ConfigFile, context: WireContext): Wiring {
  const path = (relative: string | null | undefined): string | null =>
    typeof relative === 'string' ? resolve(context.baseDir, relative) : null;
  const { url } = file.repo;
  return {
    baseDir: context.baseDir,
    repoUrl: isRemoteRepository(url) ? url : resolve(context.baseDir, url),
    reportsDir: resolve(context.baseDir, file.reports?.dir ?? DEFAULTS.reportsDir),
    environments: Object.fromEntries(
      Object.entries(file.environments).map(([name, input]) => [name, environmentWiring(name, input, context)]),
    ),
    fix: provider(file.fix, context),
    analysis: provider(file.analysis, context),
    notify: notify(file.notify, context),
    tracker: tracker(file.tracker, context),
    gate: {
      criteria: path(file.gate?.criteria),
      tests: path(file.gate?.tests),
      perf: path(file.gate?.perf),
      implementationReports: path(file.gate?.implementationReports),
      restrictions: path(file.gate?.restrictions),
    },
    migrations: file.migrations
      ? {
          dir: file.migrations.dir,
          up: argv(file.migrations.up),
          down: argv(file.migrations.down),
          backup: argvOrNull(file.migrations.backup),
        }
      : null,
    flags: { staleAfterMs: ms(file.flags?.staleAfter, DEFAULTS.flagStaleAfterMs) },
    freezeApprovals: Object.fromEntries(
      (file.freezes ?? []).map((freeze) => [freeze.name, resolveApprovals(freeze.approvals, productionFreeze(file))]),
    ),
  };
}

function productionFreeze(file: ConfigFile): typeof APPROVALS.freeze {
  const production = Object.values(file.environments).at(-1);
  return resolveApprovals(production?.approvals?.freeze, APPROVALS.freeze);
}

function environmentWiring(name: string, input: EnvironmentInput, context: WireContext): EnvironmentWiring {
  const url = withoutSlash(input.url);
  const { envFile, smoke } = input;
  return {
    name,
    url,
    deploy: deployWiring(input.deploy, context),
    envFile: envFile === undefined ? null : resolve(context.baseDir, envFile),
    envTemplate: input.envTemplate ?? (envFile === undefined ? null : DEFAULTS.envTemplate),
    health: healthWiring(input.health, url),
    versionUrl: url + (input.version?.get ?? DEFAULTS.versionPath),
    metrics: metricsWiring(input.watch.source, url, context),
    smokeFile: smoke === undefined || Array.isArray(smoke) ? null : resolve(context.baseDir, smoke.file),
    smokeSecrets: smokeSecrets(name, context),
    rollbackProof: input.rollback?.proof ?? ['check'],
    traffic: input.traffic ?? 'script',
  };
}

function healthWiring(input: EnvironmentInput['health'], url: string): EnvironmentWiring['health'] {
  if (input !== undefined && 'script' in input) return { kind: 'script', script: input.script };
  return { kind: 'get', url: url + (input?.get ?? DEFAULTS.healthPath) };
}

function smokeSecrets(name: string, context: WireContext): EnvironmentWiring['smokeSecrets'] {
  return Object.fromEntries(
    referencesIn(context.smoke[name]).flatMap((reference) => {
      const found = context.secret(reference);
      return found ? [[reference, found]] : [];
    }),
  );
}

type SourceInput = EnvironmentInput['watch']['source'];

function metricsWiring(input: SourceInput, url: string, context: WireContext): MetricsWiring {
  if ('scrape' in input) {
    return { source: 'scrape', url: input.scrape.startsWith('/') ? url + input.scrape : input.scrape };
  }
  const source = typeof input.prometheus === 'string' ? { url: input.prometheus } : input.prometheus;
  return {
    source: 'prometheus',
    url: withoutSlash(source.url),
    selector: source.selector ?? instanceOf(url),
    rangeMs: source.range === undefined ? null : durationMs(source.range),
    queries: source.queries ?? {},
    login: prometheusLogin(source, context),
  };
}

/** How Prometheus itself names a target: without a selector nobody else's traffic may be judged. */
function instanceOf(url: string): string {
  const { hostname, port, protocol } = new URL(url);
  return `instance="${hostname}:${port || (protocol === 'https:' ? '443' : '80')}"`;
}

function prometheusLogin(
  { token, basic }: Exclude<Extract<SourceInput, { prometheus: unknown }>['prometheus'], string>,
  context: WireContext,
): PrometheusLogin | null {
  if (token !== undefined) return { kind: 'bearer', token: context.secret(token) };
  return basic ? { kind: 'basic', user: basic.user, password: context.secret(basic.password) } : null;
}

function deployWiring(input: EnvironmentInput['deploy'], context: WireContext): DeployWiring {
  switch (input.driver) {
    case 'script':
      return { driver: 'script', script: input.script, scriptFrom: scriptOrigin(input.scriptFrom, context.baseDir) };
    case 'command':
      return {
        driver: 'command',
        run: argv(input.run),
        rollback: argvOrNull(input.rollback),
        status: argvOrNull(input.status),
        id: input.id ?? null,
        url: input.url ?? null,
      };
    case 'git-push':
      return {
        driver: 'git-push',
        branch: input.branch,
        owned: input.owned ?? false,
        everyMs: ms(input.every, DEFAULTS.pollEveryMs),
      };
    case 'github-actions':
      return {
        driver: 'github-actions',
        repository: input.repository,
        workflow: input.workflow,
        token: context.secret(input.token),
        everyMs: ms(input.every, DEFAULTS.pollEveryMs),
      };
    case 'manual':
      return { driver: 'manual', checklist: input.checklist };
  }
}

function scriptOrigin(from: string | undefined, baseDir: string): ScriptOrigin {
  if (from === undefined) return { from: 'candidate' };
  return from.startsWith('.') || isAbsolute(from)
    ? { from: 'path', path: resolve(baseDir, from) }
    : { from: 'ref', ref: from };
}

function provider(input: ProviderInput, context: WireContext): Wiring['analysis'] {
  const model = input?.model;
  return {
    command: argvOrNull(input?.command),
    model: model ? { url: model.url, name: model.name, key: optional(model.key, context) } : null,
  };
}

type ProviderInput = Pick<NonNullable<ConfigFile['fix']>, 'command' | 'model'> | undefined;

function notify(input: ConfigFile['notify'], context: WireContext): Wiring['notify'] {
  const { telegram, slack, pager } = input ?? {};
  return {
    telegram: telegram ? { token: context.secret(telegram.token), chat: telegram.chat } : null,
    slack: slack ? { webhook: optional(slack.webhook, context) } : null,
    pager: pager ? { webhook: optional(pager.webhook, context) } : null,
  };
}

function tracker(input: ConfigFile['tracker'], context: WireContext): TrackerWiring {
  if (input === undefined) return { kind: 'none' };
  const statuses = input.statuses ?? {};
  switch (input.kind) {
    case 'file':
      return { kind: 'file', path: resolve(context.baseDir, input.path), statuses };
    case 'github':
      return { kind: 'github', repository: input.repository, token: context.secret(input.token), statuses };
    case 'jira':
      return {
        kind: 'jira',
        url: withoutSlash(input.url),
        project: input.project,
        token: context.secret(input.token),
        statuses,
      };
    case 'linear':
      return { kind: 'linear', team: input.team, token: context.secret(input.token), statuses };
  }
}

const optional = (reference: string | undefined, context: WireContext): Secret | null =>
  reference === undefined ? null : context.secret(reference);

const argvOrNull = (input: string | readonly string[] | undefined): readonly string[] | null =>
  input === undefined ? null : argv(input);

/** What measures an environment: its own endpoint, with a history that we write down, or a Prometheus that has one. */
import { join } from 'node:path';
import type { EnvironmentWiring, LoadedService, PrometheusLogin } from '../config/loaded';
import { readingsSubject } from '../domain/ids';
import { createHttpHealth, type AskHealth } from '../drivers/http/health';
import { createPrometheusMetrics } from '../drivers/prometheus/metrics';
import { createScrapeReader } from '../drivers/scrape/metrics';
import { createRecordedMetrics } from '../drivers/scrape/recorded-metrics';
import { createRecorder, type Recorder } from '../drivers/scrape/recorder';
import { createScriptHealth } from '../drivers/script/health';
import type { Metrics } from '../ports/metrics';
import type { WiringOptions } from './drivers';

export interface WiredMetrics {
  readonly metrics: Metrics;
  /** Takes readings between deployments; null where the source keeps a history of its own. */
  readonly recorder: Recorder | null;
}

/** Readings stay twice as long as a baseline looks back; the samples of a deployment stay for ever. */
const BASELINES_KEPT = 2;

export function wireMetrics(
  loaded: LoadedService,
  environment: EnvironmentWiring,
  options: WiringOptions,
): WiredMetrics {
  const { url, metrics: source } = environment;
  const health = healthOf(loaded, environment, options);
  if (source.source === 'scrape') {
    return recorded(loaded, environment.name, createScrapeReader({ url, path: source.url, health }), options);
  }
  const authorization = authorizationOf(source.login);
  return { metrics: createPrometheusMetrics({ ...source, authorization, health }), recorder: null };
}

/** The header is made at each question, so that no copy of a secret lies about in between. */
function authorizationOf(login: PrometheusLogin | null): (() => string) | null {
  if (login === null) return null;
  if (login.kind === 'bearer') return () => `Bearer ${login.token?.reveal() ?? ''}`;
  return () => `Basic ${Buffer.from(`${login.user}:${login.password?.reveal() ?? ''}`).toString('base64')}`;
}

function healthOf(loaded: LoadedService, environment: EnvironmentWiring, options: WiringOptions): AskHealth {
  const { health, name: env, envFile } = environment;
  if (health.kind === 'get') return createHttpHealth(health.url);
  const { service } = loaded.policy;
  const { hostEnv, stateDir } = options;
  return createScriptHealth({ service, env, script: health.script, workDir: join(stateDir, 'work'), envFile, hostEnv });
}

function recorded(
  loaded: LoadedService,
  env: string,
  read: ReturnType<typeof createScrapeReader>,
  { ledger, warn }: WiringOptions,
): WiredMetrics {
  const { service, environments } = loaded.policy;
  const subject = readingsSubject(service, env);
  const { everyMs = 60_000, baselineMs = 3_600_000 } = environments[env]?.watch ?? {};
  const metrics = createRecordedMetrics({
    read,
    store: {
      save: (reading) => ledger.addSample(subject, reading.at, reading, null),
      load: async (from) => (await ledger.samples(subject, from)).flatMap(({ reading }) => reading ?? []),
    },
    everyMs,
  });
  const recorder = createRecorder({
    record: (at) => metrics.record(at),
    everyMs,
    keepMs: BASELINES_KEPT * baselineMs,
    forget: (before) => ledger.forgetSamples(subject, before),
    now: () => Date.now(),
    onError: (error, inARow) => {
      if (inARow === 1) warn(`${service} ${env}: no reading (${String(error)})`);
    },
  });
  return { metrics, recorder };
}

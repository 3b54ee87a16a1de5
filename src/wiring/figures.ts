/**
 * Tidegate's own figures for Prometheus, counted where every surface and every activity passes: at the ports. Labels
 * take few values, never an id. Named in docs/operations.md.
 */
import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client';
import type { ActivityDeps, Target } from '../activities/deps';
import type { DomainEvent, LedgerEvent } from '../domain/events';
import type { RefusalCode } from '../domain/verbs';
import { wasAnswered } from '../domain/watch';
import type { ActResult, Deployer } from '../ports/deployer';
import type { Ledger } from '../ports/ledger';
import type { Metrics } from '../ports/metrics';

export interface Figures {
  readonly registry: Registry;
  /** The ledger, timed and listened to. */
  ledger<T extends Ledger>(ledger: T): T;
  /** The ports of a worker, its targets counted. */
  ports(deps: ActivityDeps): ActivityDeps;
}

type Kind = DomainEvent['kind'];

/** What people are waited for with, and since when: from the last event of one kind to the decision. */
const GATES: Partial<Record<Kind, { readonly gate: string; readonly since: Kind }>> = {
  'bug.confirmed': { gate: 'confirm', since: 'bug.reported' },
  'bug.approved': { gate: 'approve', since: 'bug.deployed-uat' },
  'deployment.answered': { gate: 'soft-breach', since: 'deployment.asked' },
};
const RECENT = 100;
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const CODES: Readonly<Record<RefusalCode, true>> = {
  'not-allowed': true,
  'wrong-state': true,
  stale: true,
  frozen: true,
  invalid: true,
  unavailable: true,
};

/** Where a process keeps its figures, with those of Node itself. */
function processRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  // Anybody may read the figures: which Node has which hole is nobody's business.
  registry.removeSingleMetric('nodejs_version_info');
  return registry;
}

/** The figures of this process; once for each process. */
export function createFigures(): Figures {
  const registry = processRegistry();
  const tally = createTally(registry);
  return {
    registry,
    ledger: (ledger) => listenedTo(timed(ledger, registry), tally),
    ports: (deps) => counted(deps, registry),
  };
}

type Tally = (event: LedgerEvent, ledger: Ledger) => void;

/** What the events say as they are written; a write that is repeated after a lost answer counts again. */
function createTally(registry: Registry): Tally {
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, ...labelNames: L[]): Counter<L> =>
    new Counter({ name: `tidegate_${name}_total`, help, labelNames, registers });
  const events = counter('ledger_events', 'Events written to the ledger', 'kind');
  const deployments = counter('deployments', 'Deployments that ended', 'service', 'verdict');
  const refusals = counter('refusals', 'Decisions refused', 'code');
  const breaches = counter('watch_breaches', 'Breaches that ended a watch or asked people', 'service', 'class');
  const reaped = counter('scripts_reaped', 'Scripts left behind and ended at a start', 'service', 'act');
  const waits = new Histogram({
    name: 'tidegate_gate_wait_seconds',
    help: 'Time that people took to decide, in seconds',
    labelNames: ['service', 'gate'] as const,
    buckets: [MINUTE, 10 * MINUTE, HOUR, 4 * HOUR, DAY, 3 * DAY, 7 * DAY],
    registers,
  });

  async function wait({ service, subject, kind, at }: LedgerEvent, ledger: Ledger): Promise<void> {
    const opened = GATES[kind];
    if (!opened) return;
    const before = (await ledger.timeline(service, subject, RECENT)).filter(({ event }) => event.kind === opened.since);
    const since = before.at(-1)?.event.at;
    if (since !== undefined) waits.observe({ service, gate: opened.gate }, (at - since) / 1_000);
  }

  return (event, ledger) => {
    const { service } = event;
    events.inc({ kind: event.kind });
    if (event.kind === 'deployment.ended') deployments.inc({ service, verdict: event.data.verdict });
    if (event.kind === 'decision.refused') refusals.inc({ code: event.data.code in CODES ? event.data.code : 'other' });
    if (event.kind === 'deployment.breached') breaches.inc({ service, class: event.data.breach.class });
    if (event.kind === 'script.ended') reaped.inc({ service, act: event.data.act });
    // A figure that cannot be had holds nobody up.
    wait(event, ledger).catch(() => undefined);
  };
}

function listenedTo<T extends Ledger>(ledger: T, tally: Tally): T {
  return {
    ...ledger,
    async append(events: readonly LedgerEvent[]) {
      await ledger.append(events);
      for (const event of events) tally(event, ledger);
    },
  };
}

/** Every question to the ledger by its name, with how it ended. */
function timed<T extends Ledger>(ledger: T, registry: Registry): T {
  const seconds = new Histogram({
    name: 'tidegate_ledger_seconds',
    help: 'Time of a call to the ledger, in seconds',
    labelNames: ['call', 'ok'] as const,
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
    registers: [registry],
  });
  const calls = Object.entries(ledger).map(([call, ask]: [string, (...args: unknown[]) => Promise<unknown>]) => [
    call,
    async (...args: unknown[]) => {
      const stop = seconds.startTimer({ call });
      try {
        const answer = await ask(...args);
        stop({ ok: 'true' });
        return answer;
      } catch (error) {
        stop({ ok: 'false' });
        throw error;
      }
    },
  ]);
  return Object.fromEntries(calls) as T;
}

/** How an act ended, in one word. */
const outcomeOf = (result: ActResult): string =>
  result.outcome === 'exited' ? (result.code === 0 ? 'ok' : 'failed') : result.outcome;

function counted(deps: ActivityDeps, registry: Registry): ActivityDeps {
  const around = { deployer: countedDeployer(registry), metrics: countedMetrics(registry) };
  const targetsOf = (service: string, targets: Readonly<Record<string, Target>>) =>
    mapped(targets, (target, env) => ({
      ...target,
      deployer: around.deployer(target.deployer, service, env),
      metrics: around.metrics(target.metrics, service, env),
    }));
  const services = mapped(deps.services, (drivers, service) => ({
    ...drivers,
    targets: targetsOf(service, drivers.targets),
  }));
  return { ...deps, services };
}

function mapped<T>(values: Readonly<Record<string, T>>, change: (value: T, key: string) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(value, key)]));
}

function countedDeployer(registry: Registry): (inner: Deployer, service: string, env: string) => Deployer {
  const seconds = new Histogram({
    name: 'tidegate_script_seconds',
    help: 'Time of a deploy script as far as this worker followed it, in seconds',
    labelNames: ['service', 'env', 'act', 'outcome'] as const,
    buckets: [1, 5, 15, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR],
    registers: [registry],
  });
  return (inner, service, env) => ({
    ...inner,
    async act(order, hooks) {
      const stop = seconds.startTimer({ service, env, act: order.act });
      try {
        const result = await inner.act(order, hooks);
        stop({ outcome: outcomeOf(result) });
        return result;
      } catch (error) {
        stop({ outcome: 'error' });
        throw error;
      }
    },
  });
}

function countedMetrics(registry: Registry): (inner: Metrics, service: string, env: string) => Metrics {
  const samples = new Counter({
    name: 'tidegate_watch_samples_total',
    help: 'Samples of targets, of watches and of baselines',
    labelNames: ['service', 'env', 'answered'] as const,
    registers: [registry],
  });
  return (inner, service, env) => ({
    async samples(range) {
      const taken = await inner.samples(range);
      for (const sample of taken) samples.inc({ service, env, answered: String(wasAnswered(sample)) });
      return taken;
    },
  });
}

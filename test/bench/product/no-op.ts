/** The product's ports with nothing behind them: what is left is the price of Tidegate itself. */
import { createHash } from 'node:crypto';
import type { ActivityDeps, ServiceDrivers, Target } from '../../../src/activities/deps';
import type { Fix } from '../../../src/domain/bug';
import type { ServicePolicy } from '../../../src/domain/policy';
import type { SlotAnswer } from '../../../src/domain/slots';
import { emptySample } from '../../../src/domain/watch';
import type { Calendars, SlotQuestion } from '../../../src/ports/calendars';
import type { Observation } from '../../../src/ports/deployer';
import type { Source } from '../../../src/ports/source';
import type { ProductPlan } from './plan';
import { scriptDeployer } from './script';

const sha = (text: string): string => createHash('sha1').update(text).digest('hex');
export const BASE = { version: '1.4.2', sha: sha('base') };

/** The fix of a bug, made from its number alone: every process knows it without asking. */
export function fixOf(bug: string): Fix {
  const head = sha(`fix ${bug}`);
  return {
    ref: `fix/${bug}`,
    head,
    base: BASE.sha,
    patchIds: [sha(`patch ${head}`)],
    files: ['src/price.js'],
    authors: ['dev@example.org'],
    diff: null,
  };
}

function noSource(policy: ServicePolicy): Source {
  const tags = new Map<string, string>();
  const nothing = (): Promise<void> => Promise.resolve();
  return {
    fetch: nothing,
    resolve: (ref) =>
      Promise.resolve(
        /^[0-9a-f]{40}$/.test(ref)
          ? ref
          : /^fix\/\d+$/.test(ref)
            ? fixOf(ref.slice(4)).head
            : (tags.get(ref) ?? (ref === policy.repo.main || ref === 'refs/tags/v1.4.2' ? BASE.sha : null)),
      ),
    fix: (ref) => Promise.resolve(fixOf(ref.replace('fix/', ''))),
    compare: () => Promise.resolve({ onlyLeft: [], onlyRight: [] }),
    versionAt: () => Promise.resolve(BASE.version),
    buildCandidate(order) {
      const aboard = order.passengers.map(({ bug }) => bug);
      const built = sha([order.base.sha, order.version, ...aboard].join());
      return Promise.resolve({ version: order.version, sha: built, aboard, left: [], changes: [] });
    },
    checkout: nothing,
    differs: () => Promise.resolve(false),
    move: nothing,
    tag: (name, commit) => Promise.resolve(void tags.set(`refs/tags/${name}`, commit)),
    changelogSection: () => Promise.resolve('### Fixed'),
    history: () => Promise.resolve([]),
    files: () => Promise.resolve([]),
    missingOnMain: () => Promise.resolve([]),
    mergeToMain: nothing,
  };
}

/** Hears of the first instruction of every deployment. */
export type OnAct = (deployment: string) => Promise<void> | void;

const BEFORE: Observation = { state: 'running', ...BASE, deployment: null, source: 'nothing' };

export function noTarget(onAct: OnAct): Target {
  let running: Observation = BEFORE;
  return {
    deployer: {
      check: () => Promise.resolve([{ name: 'nothing', ok: true, detail: 'nothing to check' }]),
      async act({ to, deployment }) {
        await onAct(deployment);
        running = { state: 'running', version: to.version, sha: to.sha, deployment, source: 'nothing' };
        return { outcome: 'exited', code: 0, metadata: {}, tail: '' };
      },
      begun: () => Promise.resolve(false),
      retire: () => Promise.resolve(true),
      unfinished: () => Promise.resolve([]),
      stop: () => Promise.resolve(),
      observe: () => Promise.resolve(running),
    },
    smoke: { run: () => Promise.resolve([{ name: 'open', ok: true, status: 200, ms: 1, detail: 'answers' }]) },
    metrics: {
      // At least three, however short the window: fewer say nothing, and would send the deployment back.
      samples({ after, until, everyMs }) {
        const count = Math.max(3, Math.floor((until - after) / everyMs));
        const apart = Math.max(1, Math.floor((until - after) / count));
        const at = (back: number): number => until - back * apart;
        const sample = (back: number) => ({ ...emptySample(at(back), 1, null), requestRate: 100, errorRate: 0 });
        return Promise.resolve(Array.from({ length: count }, (_, back) => sample(back)).reverse());
      },
    },
  };
}

/** A slot of either kind every so often: the bench does not wait for ten in the evening. */
function everySoOften(everyMs: number): Calendars {
  return {
    frozen: () => null,
    next({ kind, after, departed, service }: SlotQuestion): SlotAnswer {
      for (let at = (Math.floor(after / everyMs) + 1) * everyMs; ; at += everyMs) {
        const key = `${service}/${kind}/${at}`;
        if (departed.includes(key)) continue;
        return { slot: { kind, key, at, cutoffAt: at, graceUntil: at + 3_600_000 } as SlotAnswer['slot'], skipped: [] };
      }
    },
  };
}

/** What `startWorker` wraps the ports with: no git, no reports, no messages, slots every so often, a script only if wanted. */
export function withoutDrivers(plan: ProductPlan, onAct: OnAct): (deps: ActivityDeps) => ActivityDeps {
  return (deps) => ({
    ...deps,
    messenger: { send: () => Promise.resolve() },
    calendars: everySoOften(plan.slotMs),
    services: Object.fromEntries(
      Object.entries(deps.services).map(([name, drivers]) => [name, withNothing(drivers, plan, onAct)]),
    ),
  });
}

function withNothing(drivers: ServiceDrivers, plan: ProductPlan, onAct: OnAct): ServiceDrivers {
  const { policy } = drivers;
  const targetOf = (env: string): Target => {
    const target = noTarget(onAct);
    if (plan.scriptSeconds === null) return target;
    const place = { service: policy.service, env, folder: plan.folder };
    return { ...target, deployer: scriptDeployer(place, plan.scriptSeconds, BEFORE) };
  };
  return {
    ...drivers,
    source: noSource(policy),
    analyst: { analyse: () => Promise.resolve(null) },
    fixer: { find: ({ id }) => Promise.resolve(fixOf(id)) },
    reports: {
      write: () => Promise.resolve('none'),
      list: () => Promise.resolve([]),
      read: () => Promise.resolve(null),
    },
    targets: Object.fromEntries(policy.ladder.map((env) => [env, targetOf(env)])),
  };
}

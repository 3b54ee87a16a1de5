/** How the harness reaches into a worker: around its ports, never in its code. */
import type { ActivityDeps, ServiceDrivers, Target } from '../../src/activities/deps';
import type { Calendars } from '../../src/ports/calendars';
import type { Deployer } from '../../src/ports/deployer';
import type { Ledger } from '../../src/ports/ledger';
import type { Point, When } from './points';
import { createUnguarded, type Unguarded } from './unguarded';

/** Called at every point that is passed; answers when the worker may go on. */
export type Pass = (when: When, point: Point) => Promise<void>;

/** `root` is the folder of a control case; null: everything stays as it is. */
export function instrumented(deps: ActivityDeps, pass: Pass, root: string | null): ActivityDeps {
  const unguarded = root === null ? null : createUnguarded(root);
  const around = async <T>(point: Point, work: () => Promise<T>): Promise<T> => {
    await pass('before', point);
    const result = await work();
    await pass('after', point);
    return result;
  };
  const services = Object.fromEntries(
    Object.entries(deps.services).map(([name, drivers]) => [name, withPoints(drivers, around, unguarded)]),
  );
  const { messenger } = deps;
  const notify = (topic: string): Point => (topic === 'rolled-back' ? 'rollback:notify' : 'notify');
  return {
    ...deps,
    services,
    calendars: soon(deps.calendars),
    ledger: ledgerWithPoints(unguarded?.ledger(deps.ledger) ?? deps.ledger, around),
    messenger: { send: (message) => around(notify(message.topic), () => messenger.send(message)) },
  };
}

type Around = <T>(point: Point, work: () => Promise<T>) => Promise<T>;

function ledgerWithPoints(ledger: Ledger, around: Around): Ledger {
  return {
    ...ledger,
    settle: (...settled) => around('unlock', () => ledger.settle(...settled)),
    addSample: (subject, ...sample) =>
      subject.startsWith('deploy/')
        ? around('watch', () => ledger.addSample(subject, ...sample))
        : ledger.addSample(subject, ...sample),
  };
}

function withPoints(drivers: ServiceDrivers, around: Around, unguarded: Unguarded | null): ServiceDrivers {
  const { source, reports, targets } = drivers;
  return {
    ...drivers,
    source: {
      ...source,
      buildCandidate: (order) => around('fetch', () => source.buildCandidate(order)),
      move: (moves) => around('push', () => source.move(moves)),
      tag: (...tag) => around('tag', () => source.tag(...tag)),
    },
    reports: { ...reports, write: (...report) => around('report', () => reports.write(...report)) },
    targets: Object.fromEntries(
      Object.entries(targets).map(([env, target]) => [
        env,
        targetWithPoints(
          unguarded === null ? target : { ...target, deployer: unguarded.deployer(target.deployer, env) },
          around,
        ),
      ]),
    ),
  };
}

function targetWithPoints(target: Target, around: Around): Target {
  const { smoke } = target;
  const deployer = deployerWithPoints(target.deployer, around);
  return {
    ...target,
    deployer,
    smoke: {
      async run(cases, values, signal) {
        // Every environment begins with a build that no deployment of ours put there: back on it, nothing is named.
        if (values.deployment === '') return around('rollback:verify', () => smoke.run(cases, values, signal));
        const results = await around('smoke', () => smoke.run(cases, values, signal));
        if (results.some(({ ok }) => !ok)) await around('rollback:detect', () => Promise.resolve());
        return results;
      },
    },
  };
}

function deployerWithPoints(deployer: Deployer, around: Around): Deployer {
  let acted: 'deploy' | 'rollback' | null = null;
  return {
    ...deployer,
    check: (order) => around('verify', () => deployer.check(order)),
    async act(order, hooks) {
      const point = order.act === 'rollback' ? 'rollback:lock' : 'lock';
      const result = await around(point, () => deployer.act(order, hooks));
      acted = order.act;
      return result;
    },
    observe() {
      if (acted === null) return deployer.observe();
      return around(acted === 'rollback' ? 'rollback:observe' : 'observe', () => deployer.observe());
    },
  };
}

const SLOT_EVERY_MS = 1_000;

/** The next slot lies a moment ahead: the harness has no night to wait for. */
function soon(calendars: Calendars): Calendars {
  return {
    ...calendars,
    next({ service, kind, after, departed }) {
      let at = Math.ceil((Math.max(after, Date.now()) + 1) / SLOT_EVERY_MS) * SLOT_EVERY_MS;
      const keyOf = (): string => `${service}/${kind}/${new Date(at).toISOString().slice(0, 19)}`;
      while (departed.includes(keyOf())) at += SLOT_EVERY_MS;
      const date = new Date(at).toISOString().slice(0, 10);
      const slot = { kind, key: keyOf(), date, at, cutoffAt: at, graceUntil: at + 3_600_000 };
      return { slot, skipped: [] };
    },
  };
}

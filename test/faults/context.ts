/** What a journey and a fault have at hand: the case's worker, its API, its people, and the timeline. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { Ledger } from '../../src/ports/ledger';
import { tokenOf, type CaseFolder, type Person } from './case-folder';
import type { CasePlan, OpenCase } from './case';
import type { WorkerProcess } from './crew';
import type { Acknowledged } from './facts';
import type { CaseSpec } from './plan';
import type { Moment } from './points';
import { randomOf, type Random } from './random';
import type { WorkerPlan } from './worker-plan';
import type { World } from './world';

/** What a journey and a fault may use. */
export interface CaseContext {
  readonly spec: CaseSpec;
  readonly random: Random;
  readonly world: World;
  readonly folder: CaseFolder;
  readonly ledger: Ledger;
  readonly client: Client;
  /** The worker that was started last. */
  readonly worker: () => WorkerProcess;
  readonly startWorker: (halt?: Moment | null) => WorkerProcess;
  /** Asks the API; a machine that is away is asked again with the same key until it answers. */
  readonly post: (as: Person, path: string, body: unknown, key: string) => Promise<Answer>;
  readonly acknowledge: (command: Acknowledged) => void;
  /** One line of the timeline. */
  readonly say: (line: string) => void;
  /** Polls until the look is as wanted; errors of the world are looks, too. */
  readonly until: <T>(look: () => Promise<T>, wanted: (seen: T) => boolean) => Promise<T>;
  /** Settles when the journey is over, whatever became of it. */
  readonly over: Promise<void>;
  readonly isOver: () => boolean;
}

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

const ASK_AGAIN_MS = 300;
const RESTART_AFTER_MS = 500;

export function contextOf(
  { spec, world, crew, bundle }: CasePlan,
  { folder, ledger, client, api, address, signers }: OpenCase,
  shared: Pick<CaseContext, 'say' | 'over' | 'isOver'> & {
    readonly acknowledged: Acknowledged[];
    readonly deaths: string[];
    readonly giveUpAt: number;
  },
): CaseContext {
  const { acknowledged, giveUpAt, say } = shared;
  let worker: WorkerProcess | null = null;
  const plan = (halt: Moment | null): WorkerPlan => ({
    config: folder.config,
    stateDir: folder.state,
    temporal: { address: world.temporal.address, namespace: world.temporal.namespace },
    ledger: address,
    bundle,
    signers,
    halt,
    unguarded: spec.control,
  });
  /** What a service manager does: a worker that could not start is started again. One that breaks down is a finding. */
  function supervise(each: WorkerProcess): void {
    void each.failed.then((why) => say(`worker ${each.pid} did not start: ${why.split('\n')[0] ?? ''}`));
    void each.ended.then(async () => {
      if (each.wasSignalled() || shared.isOver()) return;
      if (each.wasUp()) shared.deaths.push(`worker ${each.pid} broke down; see workers.err`);
      await sleep(RESTART_AFTER_MS);
      if (each === worker && !shared.isOver()) context.startWorker();
    });
  }
  async function until<T>(look: () => Promise<T>, wanted: (seen: T) => boolean): Promise<T> {
    for (;;) {
      let last: string;
      try {
        const seen = await look();
        if (wanted(seen)) return seen;
        last = JSON.stringify(seen).slice(0, 600);
      } catch (error) {
        last = String(error);
      }
      if (Date.now() > giveUpAt) throw new Error(`it never came; the last look: ${last}`);
      await sleep(100);
    }
  }
  const ask = async (as: Person, path: string, body: unknown, key: string): Promise<Answer> => {
    const headers = {
      authorization: `Bearer ${tokenOf(as)}`,
      'content-type': 'application/json',
      'idempotency-key': key,
    };
    const response = await fetch(new URL(path, api.url), { method: 'POST', headers, body: JSON.stringify(body) });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const context: CaseContext = {
    ...{ spec, world, folder, ledger, client, until, say, over: shared.over, isOver: shared.isOver },
    random: randomOf(`${spec.seed}/case`),
    worker() {
      if (worker === null) throw new Error('no worker was started yet');
      return worker;
    },
    startWorker(halt = null) {
      worker = crew.start(plan(halt));
      say(`worker ${worker.pid} starts${halt === null ? '' : `, halts ${halt}`}`);
      supervise(worker);
      return worker;
    },
    async post(as, path, body, key) {
      for (;;) {
        const answer = await ask(as, path, body, key);
        if (answer.status < 500 || Date.now() > giveUpAt) return answer;
        say(`${path} answered ${answer.status}; asked again`);
        await sleep(ASK_AGAIN_MS);
      }
    },
    acknowledge: (command) => void acknowledged.push(command),
  };
  return context;
}

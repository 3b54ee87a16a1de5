/** One case: a service of its own, a journey that it makes, a fault that strikes, and what is true afterwards. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { destination } from 'pino';
import { createLogger } from '../../src/api/logger';
import { startApi, type RunningApi } from '../../src/api/server';
import { loadConfig } from '../../src/config/load';
import type { Ledger } from '../../src/ports/ledger';
import { ownSigning, trusting } from '../../src/wiring/signing';
import { makeCaseFolder, type CaseFolder } from './case-folder';
import { openCaseLedger } from './case-ledger';
import { endOf, judge, type Broken } from './checks';
import { collect } from './collect';
import type { Crew } from './crew';
import type { Acknowledged, Facts } from './facts';
import { faultNamed } from './faults';
import { attend } from './attendant';
import { contextOf } from './context';
import { journeyOf } from './journeys';
import { SERVICE } from './deploy-script';
import type { CaseSpec } from './plan';
import { lasting, processesNaming, signalAll } from './processes';
import type { World } from './world';

export interface CaseResult {
  readonly spec: CaseSpec;
  readonly broken: readonly Broken[];
  readonly verdicts: readonly string[];
  /** Whether the fault struck: a point may not be reached. */
  readonly struck: boolean;
  readonly ms: number;
  readonly timeline: readonly string[];
  readonly effects: readonly string[];
  /** Set when the lane did not live to judge it. */
  readonly brokenDown?: boolean;
  /** Kept for a look when something is broken. */
  readonly folder: string;
}

const LIMIT_MS = 120_000;

export interface CasePlan {
  readonly spec: CaseSpec;
  readonly world: World;
  readonly crew: Crew;
  readonly bundle: string;
}

export interface OpenCase {
  readonly folder: CaseFolder;
  readonly ledger: Ledger;
  readonly client: Client;
  readonly api: RunningApi;
  readonly address: string;
  /** Public keys that the worker trusts; the private one stays with the API. */
  readonly signers: readonly string[];
}

export async function runCase(plan: CasePlan): Promise<CaseResult> {
  const { spec, crew } = plan;
  const startedAt = Date.now();
  const timeline: string[] = [];
  const say = (line: string): void => void timeline.push(`${((Date.now() - startedAt) / 1000).toFixed(2)} s ${line}`);
  const open = await openCase(plan);
  const acknowledged: Acknowledged[] = [];
  const deaths: string[] = [];
  const { ended, problem, struck } = await walk(plan, open, { acknowledged, deaths, say });
  const facts = await collect({
    ...plan,
    ...open,
    acknowledged,
    ended,
    problem,
    allowed: faultNamed(spec.fault).allowed,
  });
  await crew.clear();
  const left = (await lasting(open.folder.root, 3_000)).filter(({ command }) => command.trim() !== SERVICE);
  const orphans = left.map(({ pid, command }) => `${pid} ${command}`);
  const whole: Facts = { ...facts, orphans, logProblems: [...facts.logProblems, ...deaths] };
  const broken = spec.control ? judge({ ...whole, orphans: [] }) : judge(whole);
  signalAll(await processesNaming(open.folder.root), 'SIGKILL');
  await closeCase(open);
  faultNamed(spec.fault).clear?.(open.folder);
  if (broken.length === 0 || spec.control) await rm(open.folder.root, { recursive: true, force: true });
  return {
    ...{ spec, broken, struck, timeline },
    verdicts: facts.deployments.map((deployment) => `${deployment.id} ${endOf(deployment)}`),
    ms: Date.now() - startedAt,
    effects: facts.effects.map((effect) => Object.values(effect).join(' ')),
    folder: open.folder.root,
  };
}

async function openCase({ spec, world }: CasePlan): Promise<OpenCase> {
  const service = `case-${spec.index}`;
  const root = join(world.folder, service);
  await rm(root, { recursive: true, force: true });
  await mkdir(root, { recursive: true });
  const { template, target } = world;
  const { client } = world.door;
  const pace = spec.control ? '0.4' : '0.15';
  const folder = await makeCaseFolder({ root, template, service, targetUrl: target.url, pace });
  target.serve(service, root);
  const address = world.postgres
    ? await world.postgres.createDatabase(`case_${spec.index}`)
    : join(folder.state, 'ledger.db');
  const ledger = await openCaseLedger(address);
  const signing = await ownSigning(folder.state);
  const configured = loadConfig({ configPath: folder.config, cwd: folder.state, variables: {}, secrets: 'require' });
  const services = trusting(configured, signing.trusted);
  const logger = createLogger('info', destination({ dest: join(folder.state, 'api.log'), sync: true }));
  const listen = { host: '127.0.0.1', port: 0 };
  const api = await startApi({
    ...{ services, ledger, client, listen, logger, signer: signing.signer },
    temporalUi: null,
  });
  return { folder, ledger, client, api, address, signers: signing.trusted };
}

async function walk(
  plan: CasePlan,
  open: OpenCase,
  notes: {
    readonly acknowledged: Acknowledged[];
    readonly deaths: string[];
    readonly say: (line: string) => void;
  },
): Promise<{ readonly ended: boolean; readonly problem: string | null; readonly struck: boolean }> {
  const { spec } = plan;
  const giveUpAt = Date.now() + LIMIT_MS;
  let isOver = false;
  let finish = (): void => undefined;
  const over = new Promise<void>((resolve) => {
    finish = () => {
      isOver = true;
      resolve();
    };
  });
  const context = contextOf(plan, open, { ...notes, giveUpAt, over, isOver: () => isOver });
  const fault = faultNamed(spec.fault);
  let struck = false;
  try {
    await fault.prepare(context);
    const journey = journeyOf(spec.journey)(context).finally(finish);
    void attend(context);
    const strike = fault.strike(context).then((result) => (struck = result));
    await Promise.race([Promise.all([journey, strike]), limit(spec, giveUpAt)]);
    return { ended: true, problem: null, struck };
  } catch (error) {
    finish();
    const problem = error instanceof Error ? error.message : String(error);
    notes.say(`gave up: ${problem}`);
    return { ended: false, problem, struck };
  }
}

/** A little later than every wait of the case gives up by itself, with better words. */
async function limit({ fault }: CaseSpec, giveUpAt: number): Promise<never> {
  await sleep(giveUpAt + 3_000 - Date.now(), undefined, { ref: false });
  throw new Error(`neither the journey nor ${fault} came to an end`);
}

async function closeCase({ api, ledger, client, folder }: OpenCase): Promise<void> {
  await api.stop();
  for (const id of [`env/${folder.service}/uat`, `env/${folder.service}/prod`, `bug/${folder.service}/1`]) {
    await client.workflow
      .getHandle(id)
      .terminate('the case is over')
      .catch(() => undefined);
  }
  await ledger.close();
}

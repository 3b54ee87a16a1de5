/** Gathers the facts of a case from everything that kept something. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import type { LedgerEvent } from '../../src/domain/events';
import type { Ledger } from '../../src/ports/ledger';
import { CANARY, currentFile, ENVIRONMENTS, readEffects, type CaseFolder, type Stage } from './case-folder';
import { deploymentsOf } from './journeys';
import type { Facts, Observed, RunFacts } from './facts';

export interface Collecting extends Pick<Facts, 'spec' | 'acknowledged' | 'ended' | 'problem' | 'allowed'> {
  readonly folder: CaseFolder;
  readonly ledger: Ledger;
  readonly client: Client;
}

export async function collect(from: Collecting): Promise<Facts> {
  const { folder, ledger, client, spec, acknowledged, ended, problem, allowed } = from;
  const { service, root, firstSha } = folder;
  const events = await allEvents(ledger);
  const deployments = (await deploymentsOf(ledger, service)).toReversed();
  const environments = (await ledger.environments()).filter((state) => state.service === service);
  const ids = [
    ...ENVIRONMENTS.map((env) => `env/${service}/${env}`),
    ...['1', '2'].map((bug) => `bug/${service}/${bug}`),
    ...deployments.map(({ id, env }) => `deploy/${service}/${env}/${id}`),
  ];
  const runs = (await Promise.all(ids.map((id) => runFacts(client, id)))).flat();
  const chain = await ledger.verify();
  const logs = (await Promise.all(deployments.map(({ id }) => ledger.log(id, -1, 1_000)))).flat();
  const observed = {} as Record<Stage, Observed>;
  for (const env of ENVIRONMENTS)
    observed[env] = JSON.parse(await readFile(currentFile(root, env), 'utf8')) as Observed;
  return {
    ...{ spec, acknowledged, ended, problem, allowed, events, deployments, environments, runs, firstSha, observed },
    effects: await readEffects(root),
    leaks: [
      ...leaksIn('the ledger', JSON.stringify([events, deployments, environments, logs])),
      ...runs.flatMap(({ workflowId, history }) => leaksIn(`the history of ${workflowId}`, decoded(history))),
      ...(await leakingFiles(folder)),
    ],
    chain: chain && `event ${chain.seq}: ${chain.problem}`,
    logProblems: await logProblems(folder),
    orphans: [],
  };
}

async function allEvents(ledger: Ledger): Promise<readonly LedgerEvent[]> {
  const events: LedgerEvent[] = [];
  for (let after = 0; ;) {
    const page = await ledger.eventsAfter(after, 500);
    events.push(...page.map(({ event }) => event));
    const last = page.at(-1);
    if (last === undefined) return events;
    after = last.seq;
  }
}

async function runFacts(client: Client, workflowId: string): Promise<readonly RunFacts[]> {
  const handle = client.workflow.getHandle(workflowId);
  const found = await handle.describe().catch(() => null);
  if (found === null) return [];
  const history = historyToJSON(await handle.fetchHistory());
  return [{ workflowId, status: found.status.name, taskAttempt: found.raw.pendingWorkflowTask?.attempt ?? 0, history }];
}

/** Payloads travel as base64 in a history's JSON. */
const decoded = (history: string): string =>
  history.replaceAll(/"data": ?"([A-Za-z0-9+/=]+)"/g, (_, data: string) => Buffer.from(data, 'base64').toString());

const leaksIn = (place: string, text: string): readonly string[] => (text.includes(CANARY) ? [place] : []);

/** Logs and reports: everything that Tidegate writes for people. Its private job folders are no such place. */
async function leakingFiles({ root, state }: CaseFolder): Promise<readonly string[]> {
  const reports = (await readdir(join(root, 'releases')).catch(() => [])).map((name) => join(root, 'releases', name));
  const logs = ['worker.log', 'temporal.log', 'api.log'].map((name) => join(state, name));
  const found = await Promise.all(
    [...reports, ...logs].map(async (path) => leaksIn(path, await readFile(path, 'utf8').catch(() => ''))),
  );
  return found.flat();
}

const UNFORESEEN = /unhandled|uncaught|nondeterminism|TypeError|ReferenceError|RangeError|heap out of memory/i;

async function logProblems({ state }: CaseFolder): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const name of ['worker.log', 'temporal.log', 'api.log']) {
    const lines = (await readFile(join(state, name), 'utf8').catch(() => '')).split('\n');
    const bad = lines.find((line) => UNFORESEEN.test(line) || isErrorWithStack(line));
    if (bad !== undefined) problems.push(`${name}: ${bad.slice(0, 600)}`);
  }
  return problems;
}

/** Failures of the world are foreseen, and may say where they were met. */
const isErrorWithStack = (line: string): boolean =>
  (line.startsWith('ERROR') || line.includes('"level":50')) &&
  /\\n\s+at /.test(line) &&
  !line.includes('"type":"TidegateFailure"');

/** The ledger of a process, and what an administrator does with the record on this machine. */
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Logger } from 'pino';
import type { LoadedService } from '../config/loaded';
import type { Settings } from '../config/settings';
import type { DeploymentState } from '../domain/deployment';
import { TidegateFailure } from '../domain/failures';
import { deploymentSubject } from '../domain/ids';
import { createFileReports } from '../drivers/reports/file-reports';
import { readCheckpoints, type CheckpointOptions } from '../ledger/checkpoints';
import type { RebuildableLedger } from '../ledger/ledger';
import { ledgerMayExist, openLedger } from '../ledger/open-ledger';
import type { ChainedEvent, ChainProblem } from '../ports/ledger';

const PAGE = 500;

/** Opens the ledger of the settings for as long as it is used. @throws Unavailable, BadPlan */
export async function withLedger<T>(settings: Settings, use: (ledger: RebuildableLedger) => Promise<T>): Promise<T> {
  await mkdir(resolve(settings.stateDir), { recursive: true });
  const ledger = await openLedger(settings.ledger.reveal());
  try {
    return await use(ledger);
  } finally {
    await ledger.close();
  }
}

/** Where checkpoints go, and their troubles: into the log. */
export const checkpointing = (file: string, logger: Logger): CheckpointOptions => ({
  file,
  now: Date.now,
  onProblem: (problem) => logger.error({ err: problem }, 'checkpoints of the ledger'),
});

/** The same for a ledger that must be there already. */
async function withRecord<T>(settings: Settings, use: (ledger: RebuildableLedger) => Promise<T>): Promise<T> {
  const location = settings.ledger.reveal();
  if (ledgerMayExist(location)) return withLedger(settings, use);
  throw new TidegateFailure('BadPlan', `There is no ledger at ${location}: name it with --ledger or TIDEGATE_LEDGER.`);
}

export interface Verification {
  /** Null when the chain holds. */
  readonly broken: ChainProblem | null;
  readonly events: number;
  readonly checkpoints: number;
}

/** Walks the chain and holds it against the exported checkpoints. @throws BadPlan when there is no ledger */
export async function verifyAudit(settings: Settings): Promise<Verification> {
  const checkpoints = await readCheckpoints(settings.checkpoints);
  return withRecord(settings, async (ledger) => ({
    broken: await ledger.verify(checkpoints),
    events: (await ledger.head()).seq,
    checkpoints: checkpoints.length,
  }));
}

/** Hands out the events after a number, in order. Answers how many. @throws BadPlan when there is no ledger */
export async function exportAudit(
  settings: Settings,
  after: number,
  write: (event: ChainedEvent) => void,
): Promise<number> {
  return withRecord(settings, async (ledger) => {
    let written = 0;
    let seq = after;
    for (;;) {
      const page = await ledger.eventsAfter(seq, PAGE);
      page.forEach(write);
      written += page.length;
      seq = page.at(-1)?.seq ?? seq;
      if (page.length === 0) return written;
    }
  });
}

/** Makes the read models anew from the events. Answers how many events were read. */
export async function rebuildLedger(settings: Settings): Promise<number> {
  return withRecord(settings, (ledger) => ledger.rebuild());
}

/** Writes every report anew from the ledger, each atomically. Answers their names. @throws Unavailable: the disk */
export async function rewriteReports(
  settings: Settings,
  services: readonly LoadedService[],
): Promise<readonly string[]> {
  return withRecord(settings, async (ledger) => {
    const names: string[] = [];
    for (const { policy, wiring } of services) {
      const reports = createFileReports({ dir: wiring.reportsDir, zone: policy.zone });
      for await (const deployment of reported(ledger, policy.service)) {
        const samples = await ledger.samples(deploymentSubject(deployment.id), 0);
        names.push(
          await reports.write(
            deployment,
            samples.flatMap(({ sample }) => sample ?? []),
          ),
        );
      }
    }
    return names;
  });
}

/** Deployments that a report tells about: those that have a candidate or an end. Oldest first, as they took their names. */
async function* reported(ledger: RebuildableLedger, service: string): AsyncGenerator<DeploymentState> {
  const newestFirst: DeploymentState[] = [];
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<RebuildableLedger['deployments']>> = await ledger.deployments({
      services: [service],
      env: null,
      limit: PAGE,
      cursor,
    });
    newestFirst.push(...page.items);
    cursor = page.next;
  } while (cursor !== null);
  for (const deployment of newestFirst.reverse()) {
    if (deployment.candidate !== null || deployment.verdict !== null) yield deployment;
  }
}

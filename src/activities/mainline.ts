/** A fix must not be lost for the next release: it goes to the main line, or a duty says so. */
import type { Fix } from '../domain/bug';
import type { Candidate } from '../domain/deployment';
import type { DeploymentOrder } from '../domain/deployment-order';
import { TidegateFailure } from '../domain/failures';
import { deploymentSubject, deploymentWorkflowId } from '../domain/ids';
import { TIDEGATE } from '../domain/people';
import type { Source } from '../ports/source';
import type { ActivityDeps, ServiceDrivers } from './deps';

/** How long somebody has to bring a shipped fix to the main line. */
const DUE_MS = 7 * 86_400_000;

interface Shipped {
  readonly bug: string;
  readonly fix: Fix;
}

/** What was done, or which duty is left, in words. @throws Unavailable */
export async function toMainline(
  deps: ActivityDeps,
  { source, policy }: ServiceDrivers,
  order: DeploymentOrder,
  candidate: Candidate,
  at: number,
): Promise<string> {
  const { main } = policy.repo;
  const missing: Shipped[] = [];
  for (const { bug, fix } of order.passengers) {
    if (candidate.aboard.includes(bug) && (await source.missingOnMain(fix)).length > 0) missing.push({ bug, fix });
  }
  if (missing.length === 0) return `${main} holds every fix`;
  const named = missing.map(({ bug }) => `#${bug}`).join(', ');
  if (order.mainline === 'merge' && (await merged(source, missing))) return `${main} got ${named}`;
  await openDuties(deps, order, missing, main, at);
  return `duty: bring ${named} to ${main}`;
}

/** False when a person must do it: it conflicts, or the repository does not let us. */
async function merged(source: Source, missing: readonly Shipped[]): Promise<boolean> {
  try {
    await source.mergeToMain(missing.map(({ fix }) => fix));
    return true;
  } catch (error) {
    if (error instanceof TidegateFailure && (error.kind === 'Conflict' || error.kind === 'Rejected')) return false;
    throw error;
  }
}

async function openDuties(
  { ledger }: ActivityDeps,
  order: DeploymentOrder,
  missing: readonly Shipped[],
  main: string,
  at: number,
): Promise<void> {
  const { id: actor, surface } = TIDEGATE;
  const { service, env, id } = order;
  await ledger.append(
    missing.map(({ bug }) => ({
      id: `${deploymentWorkflowId(service, env, id)}#mainline-${bug}`,
      kind: 'duty.opened' as const,
      service,
      subject: deploymentSubject(id),
      at,
      actor,
      surface,
      reason: null,
      data: {
        duty: `mainline-${bug}`,
        owner: 'developer',
        dueAt: at + DUE_MS,
        what: `#${bug} is on production but not on ${main}: merge it, or the next release loses it`,
      },
    })),
  );
}

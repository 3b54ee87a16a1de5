/** At a worker's start: scripts that outlived their worker are left to the next attempt, or ended (6-faults E4, F22). */
import { deploymentSubject } from '../domain/ids';
import { TIDEGATE } from '../domain/people';
import type { Deployer, UnfinishedAct } from '../ports/deployer';
import type { ActivityDeps } from './deps';

/** What a worker tells of each script that it found. */
type Say = (sentence: string) => void;

/**
 * Looks at the environments that this worker serves. A script whose deployment goes on keeps running: the next attempt of
 * its activity follows it. A stale one is ended; this returns when no process of it is left. One that cannot be ended is
 * said and keeps its environment locked: the other environments of this worker are not to wait for it.
 * @throws Unavailable without the ledger: then nobody can tell which is which
 */
export async function reapOrphans(deps: ActivityDeps, say: Say): Promise<void> {
  for (const [service, { targets }] of Object.entries(deps.services)) {
    for (const [env, { deployer }] of Object.entries(targets)) {
      for (const act of await deployer.unfinished()) {
        const name = `${act.act} of ${act.deployment} on ${deps.host}`;
        const why = await staleBecause(deps, service, env, act);
        if (why === null) {
          say(`${name} still runs: its deployment goes on with it.`);
          continue;
        }
        const stuck = await ended(deployer, act);
        if (stuck === null) {
          say(`${name} was left behind and is ended: ${why}.`);
          await note(deps, service, act, why);
        } else {
          say(`${name} was left behind (${why}) and cannot be ended: ${stuck}`);
        }
      }
    }
  }
}

/** Null, or what is left of the act. */
async function ended(deployer: Deployer, { deployment, act }: UnfinishedAct): Promise<string | null> {
  try {
    await deployer.stop(deployment, act);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Why nobody will follow an act any more; null while somebody may. */
async function staleBecause(
  { ledger, clock }: ActivityDeps,
  service: string,
  env: string,
  { deployment, act, fence, endsBy }: UnfinishedAct,
): Promise<string | null> {
  const row = await ledger.step(deployment, act === 'deploy' ? 'execute' : 'rollback');
  if (row !== null && row.state !== 'intent') return `the ledger has it as ${row.state} already`;
  if (((await ledger.deployment(deployment))?.verdict ?? null) !== null) return 'its deployment has ended';
  const place = await ledger.environment(service, env);
  if (place !== null && fence < place.fence) return `number ${fence} is stale, ${env} is at ${place.fence}`;
  // A rollback has the number after its deployment's. What the ledger has not heard of yet is left alone.
  const departed = act === 'deploy' ? fence : fence - 1;
  if (place !== null && departed <= place.fence && place.current?.deployment !== deployment) {
    return `${env} waits for it no longer`;
  }
  return clock.now() > endsBy ? 'its time is up' : null;
}

async function note(
  { ledger, clock, host }: ActivityDeps,
  service: string,
  { deployment, act }: UnfinishedAct,
  why: string,
): Promise<void> {
  const { id: actor, surface } = TIDEGATE;
  await ledger.append([
    {
      // Once per act and host: a worker that dies in between tells it again.
      id: `reaped/${host}/${deployment}.${act}`,
      kind: 'script.ended',
      data: { deployment, act, host, why },
      service,
      subject: deploymentSubject(deployment),
      at: clock.now(),
      actor,
      surface,
      reason: null,
    },
  ]);
}

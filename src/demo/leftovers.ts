import { setTimeout as sleep } from 'node:timers/promises';
import type { Bug } from '../api/schemas/bug';
import { Refused, type DemoApi, type Decision } from './api';
import { defectOfTitle, isSpoilt } from './demo-bugs';
import type { Narrator } from './narrator';
import type { Person } from './people';
import type { Repository } from './repository';

type Step = { readonly as: Person; readonly decision: Decision };

const WHY = 'the fix of an earlier --break run: it failed in PROD and is given up';
const LIMIT_MS = 30_000;

/** The next step out for a bug whose fix is spoilt; null: it is on the move, wait a moment. */
function wayOut(bug: Bug): Step | null {
  switch (bug.status) {
    case 'submitted':
    case 'confirmed':
    case 'planned':
      return { as: 'ann', decision: { verb: 'close', reason: WHY } };
    case 'deployed_uat':
      // UAT must not carry it any longer, or the next candidate would bring it along.
      return { as: 'ann', decision: { verb: 'fail-validation', reason: WHY } };
    case 'pending_prod':
      return { as: 'bo', decision: { verb: 'withdraw', reason: WHY } };
    default:
      return null;
  }
}

async function giveUp(api: DemoApi, id: string, narrator: Narrator): Promise<void> {
  const until = Date.now() + LIMIT_MS;
  for (let bug = await api.bug(id); bug.endedAt === null; bug = await api.bug(id)) {
    if (Date.now() > until) throw new Error(`bug ${id} of an earlier run is ${bug.status} and can not be closed`);
    const step = wayOut(bug);
    if (step === null) {
      await sleep(500);
      continue;
    }
    narrator.tell(`${step.as}: ${step.decision.verb} bug ${id} (${WHY})`);
    await api.decide(step.as, id, step.decision);
  }
}

/** Closes what earlier `--break` runs left, so that no bad fix travels with the next one. */
export async function giveUpSpoilt(api: DemoApi, repository: Repository, narrator: Narrator): Promise<void> {
  for (const { id } of await api.openBugs()) {
    if (!(await isSpoilt(repository, id))) continue;
    try {
      await giveUp(api, id, narrator);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      narrator.tell(`bug ${id} stays as it is: ${error.message}`);
    }
  }
}

/** An open bug of an earlier run that can simply go on: one of the demo's own, with nothing in its way. */
export async function findUnfinished(api: DemoApi, repository: Repository): Promise<string | null> {
  for (const { id, title, blockedBy } of await api.openBugs()) {
    if (blockedBy === null && (await defectOfTitle(repository, title)) && !(await isSpoilt(repository, id))) return id;
  }
  return null;
}

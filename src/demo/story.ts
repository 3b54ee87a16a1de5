import { setTimeout as sleep } from 'node:timers/promises';
import type { Bug } from '../api/schemas/bug';
import { defectOfTitle, describe, freshDefect, money, priceUrl } from './demo-bugs';
import type { Defect } from './defects';
import { prepareFix } from './fixes';
import { approveLines } from './how-to';
import { eventWords, missedItsSlot, whatHinders } from './hindrance';
import { findUnfinished, giveUpSpoilt } from './leftovers';
import { checkRollback, checkShipped } from './proof';
import type { Scene } from './scene';
import { askPrice, askVersion, type Served } from './shop';

/** A bug's tale so far. */
export interface Tale {
  readonly id: string;
  readonly defect: Defect;
  /** What PROD served when the demo came to the approval; null before. */
  readonly approvedOver: Served | null;
}

/** The bug is booked for a slot of another day: today's was missed, on a slow machine or by a late person. */
export class MissedTide extends Error {
  override readonly name = 'MissedTide';
  constructor(
    readonly tale: Tale,
    sentence: string,
  ) {
    super(sentence);
  }
}

const LOOK_EVERY_MS = 500;

async function begin(scene: Scene): Promise<Tale> {
  const { api, repository, narrator, mode, prod } = scene;
  await giveUpSpoilt(api, repository, narrator);
  const unfinished = mode === 'break' ? null : await findUnfinished(api, repository);
  if (unfinished !== null) {
    const { title } = await api.bug(unfinished);
    const known = await defectOfTitle(repository, title);
    narrator.tell(`going on with bug ${unfinished} of an earlier run: ${title}`);
    if (known) return { id: unfinished, defect: known, approvedOver: null };
  }
  const defect = await freshDefect(api, repository);
  const report = await describe(prod, defect);
  const { id } = await api.report('dev', report);
  narrator.tell(`dev reports bug ${id}: ${report.title}`);
  narrator.tell(`PROD charges ${money(defect.before)}, promised is ${money(defect.after)}: ${report.evidence.url}`);
  return { id, defect, approvedOver: null };
}

async function confirm(scene: Scene, { id, defect }: Tale): Promise<void> {
  const { api, repository, narrator, mode } = scene;
  const breaking = mode === 'break';
  const sha = await prepareFix(repository, id, defect, { breaking, now: new Date() });
  narrator.tell(`dev pushes the fix as fix/${id} (${sha.slice(0, 7)})${breaking ? ', with a mistake in it' : ''}`);
  narrator.tell(`ann confirms bug ${id}`);
  await api.decide('ann', id, { verb: 'confirm' });
}

/** What a person would do in UAT: look whether the shop now charges what it promised. @throws when it does not */
async function validate({ uat, narrator }: Scene, { defect }: Tale): Promise<void> {
  const charged = await askPrice(uat, defect.product.sku, defect.pieces);
  const { version } = await askVersion(uat);
  if (charged !== defect.after) throw new Error(`UAT ${version} charges ${money(charged)}, not ${money(defect.after)}`);
  narrator.tell(`UAT runs ${version} and charges ${money(charged)}: ${priceUrl(uat, defect)}`);
}

/** The gate: a person's turn, or the demo's own people press the button. Answers what PROD served at that moment. */
async function approve(scene: Scene, tale: Tale, bug: Bug): Promise<Served> {
  const { api, apiUrl, paths, narrator, mode, prod } = scene;
  if (bug.fix === null) throw new Error(`bug ${bug.id} is on UAT without a fix`);
  await validate(scene, tale);
  const over = await askVersion(prod);
  if (mode === 'interactive') {
    narrator.tell(`your turn: approve the fix for PROD (next: ${eventWords(bug)}), in one of these ways:`);
    narrator.show(approveLines(apiUrl, paths, bug.id, bug.fix.head));
  } else {
    narrator.tell(`bo approves ${bug.fix.head.slice(0, 7)} for PROD`);
    await api.decide('bo', bug.id, { verb: 'approve-prod', sha: bug.fix.head });
  }
  return over;
}

/** Whatever the new status asks of the demo's people. Answers the tale as it goes on; null at its end. */
async function arrive(scene: Scene, tale: Tale, bug: Bug): Promise<Tale | null> {
  switch (bug.status) {
    case 'submitted':
      await confirm(scene, tale);
      return tale;
    case 'confirmed':
    case 'planned':
    case 'pending_prod':
      if (bug.nextEvent) scene.narrator.tell(`next: ${eventWords(bug)}`);
      return tale;
    case 'analyzing':
      return tale;
    case 'deployed_uat':
      // Back from PROD: the demo does not approve the same thing twice.
      if (tale.approvedOver !== null && scene.mode !== 'interactive') return null;
      return { ...tale, approvedOver: await approve(scene, tale, bug) };
    default:
      return null;
  }
}

/** Follows the bug from status to status until its tale ends. @throws MissedTide, or an Error that says where it hangs */
async function follow(scene: Scene, begun: Tale): Promise<{ readonly bug: Bug; readonly tale: Tale }> {
  let tale = begun;
  let arrival: string | null = null;
  let since = 0;
  let told: string | null = null;
  for (;;) {
    const bug = await scene.api.bug(tale.id);
    scene.narrator.follow(bug);
    // A status can come back between two looks: after a rollback the bug is where it was, at another time.
    if (arrival !== `${bug.status} ${bug.statusAt}`) {
      [arrival, since] = [`${bug.status} ${bug.statusAt}`, Date.now()];
      const next = await arrive(scene, tale, bug);
      if (next === null) return { bug, tale };
      tale = next;
      continue;
    }
    if (missedItsSlot(bug, since, Date.now()))
      throw new MissedTide(tale, `bug ${bug.id} missed its slot; next: ${eventWords(bug)}`);
    const problem = whatHinders(bug, since, scene.mode === 'interactive' ? since : Date.now());
    if (problem !== null && scene.mode !== 'interactive') throw new Error(problem);
    if (problem !== null && problem !== told) scene.narrator.tell(problem);
    told = problem;
    await sleep(LOOK_EVERY_MS, null, { signal: scene.signal });
  }
}

/**
 * Plays one bug through the HTTP API from report to its end, and proves the end on the shop itself. `begun` is a tale
 * that missed its tide and goes on.
 * @throws MissedTide when today's slot has passed; an Error with the sentence when what it tells did not come true
 */
export async function runStory(scene: Scene, begun: Tale | null): Promise<void> {
  const { bug, tale } = await follow(scene, begun ?? (await begin(scene)));
  if (scene.mode === 'break') return checkRollback(scene, bug, tale.approvedOver);
  if (bug.status !== 'deployed_prod') {
    throw new Error(
      `bug ${bug.id} ended as ${bug.status}, not deployed_prod: ${bug.blockedBy?.what ?? 'somebody decided so'}`,
    );
  }
  await checkShipped(scene, bug, tale.defect);
}

/** Where and when a fault strikes: at the case's point, or after its random time. */
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { spoil, type Stage } from './case-folder';
import type { CaseContext } from './context';
import { isInScript, momentOf, type Moment } from './points';
import { goesBack, type CaseSpec } from './plan';
import type { WorkerProcess } from './crew';

/** The moment at which a worker of this case must halt; null when the fault strikes elsewhere. */
export function workerHalt({ point, when }: CaseSpec): Moment | null {
  return point === null || isInScript(point) ? null : momentOf(when, point);
}

const stageOf = ({ journey }: CaseSpec): Stage => (journey === 'report' ? 'prod' : 'uat');

function haltFile({ folder, spec }: CaseContext): string | null {
  const { point, when } = spec;
  if (point === null || !isInScript(point)) return null;
  return join(folder.root, `halt.${stageOf(spec)}.${momentOf(when, point)}`);
}

/** Lays out what the point needs: a halt in the script, a candidate that must go back; then the first worker starts. */
export async function prepareAtPoint(context: CaseContext): Promise<void> {
  const { spec, folder } = context;
  if (goesBack(spec)) await spoil(folder, '1', 'BROKEN', 'yes\n');
  const file = haltFile(context);
  if (file !== null) await writeFile(file, '');
  context.startWorker(workerHalt(spec));
}

/** Lets whatever halts go on. */
export async function letGo(context: CaseContext, halted: WorkerProcess): Promise<void> {
  const file = haltFile(context);
  if (file !== null) await rm(file, { force: true });
  halted.go();
}

/** Waits for the moment. False when the journey ended without it. */
export async function arrival(context: CaseContext): Promise<boolean> {
  const { spec, over, say } = context;
  const file = haltFile(context);
  const missed = over.then(() => false);
  const came = await Promise.race([missed, momentOfStrike(context, file)]);
  if (came)
    say(spec.point === null ? `strikes after ${spec.afterMs} ms` : `strikes ${momentOf(spec.when, spec.point)}`);
  else say('the point was never reached');
  return came;
}

async function momentOfStrike(context: CaseContext, file: string | null): Promise<true> {
  const { spec, isOver } = context;
  if (spec.point === null) {
    await sleep(spec.afterMs);
    return true;
  }
  if (file === null) {
    await context.worker().reached;
    return true;
  }
  while (!existsSync(`${file}.reached`) && !isOver()) await sleep(20);
  if (isOver()) await context.over;
  return true;
}

/** Faults of the git remote: away, slow, refusing, cut off (F14 to F16, F18). */
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CaseContext } from '../context';
import { RELEASED_OR_BACK } from './processes';
import type { Fault } from './index';

async function hook({ folder }: CaseContext, name: string, body: string): Promise<string> {
  const hooks = join(folder.repository, 'hooks');
  await mkdir(hooks, { recursive: true });
  const path = join(hooks, name);
  await writeFile(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  return path;
}

/** Waits for the hook to be met, then for a while, then takes it away. */
async function whileHooked(context: CaseContext, name: string, body: string): Promise<boolean> {
  const met = join(context.folder.root, 'hook-met');
  const path = await hook(context, name, `: >'${met}'\n${body}`);
  context.startWorker();
  await context.until(
    () => Promise.resolve(context.isOver()),
    () => context.isOver() || existsSync(met),
  );
  const struck = existsSync(met);
  await sleep(context.random.whole(500, 3_000));
  await rm(path, { force: true });
  context.say(struck ? 'the repository behaves again' : 'the repository was never asked');
  return struck;
}

/** Refuses tags for a while, and with them every push that holds one (F15). */
const tagsRefused = (context: CaseContext): Promise<boolean> =>
  whileHooked(context, 'update', 'case $1 in refs/tags/*) exit 1 ;; esac');

/** Takes its time before it takes anything (F14). */
const slowPush = (context: CaseContext): Promise<boolean> => whileHooked(context, 'pre-receive', 'sleep 4');

/** Takes the push, and is gone before it says so (F16). */
const cutOff = (context: CaseContext): Promise<boolean> => whileHooked(context, 'post-receive', 'kill -9 "$PPID"');

/** Nobody answers at its address for a while (F14). */
async function away(context: CaseContext): Promise<boolean> {
  const { folder, random, spec, say } = context;
  context.startWorker();
  await sleep(spec.afterMs);
  await rename(folder.repository, `${folder.repository}.away`);
  say('the repository is away');
  await sleep(random.whole(500, 5_000));
  await rename(`${folder.repository}.away`, folder.repository);
  return true;
}

const nothing = (): Promise<void> => Promise.resolve();
const anyTime = { strikes: 'any-time', journey: 'report', allowed: RELEASED_OR_BACK, prepare: nothing } as const;

export const repositoryFaults: readonly Fault[] = [
  { ...anyTime, name: 'git-tags-refused', covers: 'F15', weight: 1, strike: tagsRefused },
  { ...anyTime, name: 'git-slow', covers: 'F14', weight: 1, strike: slowPush },
  { ...anyTime, name: 'git-cut-off', covers: 'F16', weight: 1, strike: cutOff },
  { ...anyTime, name: 'git-away', covers: 'F14', weight: 1, allowed: [...RELEASED_OR_BACK, 'Aborted'], strike: away },
];

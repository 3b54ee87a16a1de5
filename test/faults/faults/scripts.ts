/** Scripts that misbehave (F40, F41) and disks that are full (F42). */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spoil } from '../case-folder';
import type { CaseContext } from '../context';
import type { Fault } from './index';

/** What the script does, and how the deployment must end. */
const WAYS = {
  'exit-1': 'Rolled-Back',
  'exit-2': 'Rolled-Back',
  'exit-75': 'Rolled-Back',
  'exit-124': 'Rolled-Back',
  'exit-126': 'Rolled-Back',
  'exit-127': 'Rolled-Back',
  'exit-137': 'Rolled-Back',
  'exit-143': 'Rolled-Back',
  'killed-KILL': 'Rolled-Back',
  'killed-TERM': 'Rolled-Back',
  'says-done': 'Rolled-Back',
  hangs: 'Rolled-Back',
  deaf: 'Rolled-Back',
  daemon: 'Released',
  noisy: 'Released',
  binary: 'Released',
} as const;
type Way = keyof typeof WAYS;

const misbehaving = (way: Way): Fault => ({
  name: `script-${way}`,
  covers: way.startsWith('exit') || way.startsWith('killed') || way === 'says-done' ? 'F40' : 'F41',
  weight: 0.3,
  strikes: 'any-time',
  journey: 'request',
  allowed: [WAYS[way]],
  async prepare(context) {
    await spoil(context.folder, '1', 'misbehaviour', `${way}\n`);
    context.startWorker();
  },
  strike: () => Promise.resolve(true),
});

/** The reports' folder is a disk without room: the deployment itself must not notice. */
async function fullDisk({ folder }: CaseContext): Promise<void> {
  const reports = join(folder.root, 'releases');
  mkdirSync(reports, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16k,nr_inodes=4', 'tidegate-full', reports]);
  writeFileSync(join(reports, 'filler'), Buffer.alloc(16_384));
}

const diskFull: Fault = {
  name: 'disk-full',
  covers: 'F42',
  weight: 1,
  strikes: 'any-time',
  journey: 'either',
  needs: 'namespaces',
  allowed: ['Released'],
  async prepare(context) {
    await fullDisk(context);
    context.startWorker();
  },
  clear: ({ root }) => void execFileSync('umount', [join(root, 'releases')]),
  strike: () => Promise.resolve(true),
};

export const scriptFaults: readonly Fault[] = [...(Object.keys(WAYS) as Way[]).map(misbehaving), diskFull];

import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { temporaryFolder } from '../support/temporary-folder';

const ROOT = resolve(__dirname, '../..');
const CONFIG = join(ROOT, '.dependency-cruiser.cjs');
const CRUISER = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');

interface Violation {
  readonly rule: string;
  readonly from: string;
  readonly to: string;
}
interface Cruise {
  readonly summary: {
    readonly totalDependenciesCruised: number;
    readonly violations: readonly { rule: { name: string }; from: string; to: string }[];
  };
}

async function cruise(folder: string): Promise<{ violations: Violation[]; imports: number }> {
  const args = [CRUISER, 'src', '--config', CONFIG, '--output-type', 'json'];
  const output = await new Promise<string>((done) => {
    // The exit code is the number of violations, which the output tells better.
    execFile(process.execPath, args, { cwd: folder, maxBuffer: 1 << 28 }, (_error, stdout) => done(stdout));
  });
  const { summary } = JSON.parse(output) as Cruise;
  const violations = summary.violations.map(({ rule, from, to }) => ({ rule: rule.name, from, to }));
  return { violations, imports: summary.totalDependenciesCruised };
}

test('a newcomer can trust the rooms: no file of src imports what its room may not', async () => {
  const { violations, imports } = await cruise(ROOT);
  expect(violations).toEqual([]);
  expect(imports).toBeGreaterThan(100);
});

/** One import line per rule that must be caught, and lines that must be let through. */
const FORBIDDEN: readonly (readonly [rule: string, file: string, line: string])[] = [
  ['domain', 'domain/a', "import { readFileSync } from 'node:fs';"],
  ['domain', 'domain/b', "import { z } from 'zod';"],
  ['domain', 'domain/c', "import type { Room } from '../ports/room';"],
  ['ports', 'ports/a', "import { room } from '../drivers/room';"],
  ['workflows', 'workflows/a', "import { readFileSync } from 'node:fs';"],
  ['workflows', 'workflows/b', "import { z } from 'zod';"],
  ['workflows', 'workflows/c', "import type { Room } from '../ports/room';"],
  ['workflows-activities', 'workflows/d', "import { room } from '../activities/room';"],
  ['workflows-signatures', 'workflows/e', "import { sign } from 'tweetnacl';"],
  ['activities', 'activities/a', "import { room } from '../drivers/room';"],
  ['activities', 'activities/b', "import { Client } from '@temporalio/client';"],
  ['drivers', 'drivers/a', "import { ApplicationFailure } from '@temporalio/common';"],
  ['drivers', 'drivers/b', "import { room } from '../activities/room';"],
  ['ledger', 'ledger/a', "import { room } from '../drivers/room';"],
  ['client', 'client/a', "import { room } from '../drivers/room';"],
  ['client-workflows', 'client/b', "import { room } from '../workflows/room';"],
  ['api-bot', 'api/a', "import { Client } from '@temporalio/client';"],
  ['api-bot', 'api/b', "import { room } from '../ledger/room';"],
  ['api-bot', 'bot/a', "import type { Room } from '../workflows/room';"],
  ['api-bot-config', 'api/c', "import { room } from '../config/room';"],
  ['config', 'config/a', "import { room } from '../drivers/room';"],
  ['config', 'config/b', "import express from 'express';"],
  ['codec', 'codec/a', "import { room } from '../config/room';"],
  ['cli', 'cli/a', "import { room } from '../client/room';"],
  ['cli-api-types', 'cli/b', "import { room } from '../api/room';"],
  ['cli-lazy', 'cli/c', "import { room } from '../worker';"],
  ['demo', 'demo/a', "import { room } from '../domain/room';"],
  ['demo-api-types', 'demo/b', "import { room } from '../api/room';"],
  ['temporal', 'temporal/a', "import type { Room } from '../domain/room';"],
  ['temporal', 'temporal/b', "import express from 'express';"],
  ['no-circles', 'domain/round', "import { other } from './trip';"],
  ['resolvable', 'drivers/c', "import { gone } from './gone';"],
];
const ALLOWED: readonly (readonly [file: string, line: string])[] = [
  ['domain/fine', "import { room } from './room';"],
  ['domain/version', "import parse from 'semver/functions/parse';"],
  ['ports/fine', "import type { Room } from '../domain/room';"],
  ['workflows/fine', "import type { Room } from '../activities/room';"],
  ['workflows/verify', "import { sign } from 'tweetnacl';"],
  ['activities/fine', "import { heartbeat } from '@temporalio/activity';"],
  ['drivers/fine', "import { readFileSync } from 'node:fs';"],
  ['client/fine', "import { decide } from '../workflows/messages';"],
  ['api/server', "import { room } from '../ledger/room';"],
  ['config/fine', "import { z } from 'zod';"],
  ['cli/fine', "export const run = () => import('../worker');"],
  ['demo/fine', "import { room } from '../drivers/git/room';"],
  ['temporal/fine', "import { Connection } from '@temporalio/client';"],
];

describe('the rules can fail', () => {
  let folder: string;
  let caught: Violation[];

  beforeAll(async () => {
    folder = await temporaryFolder();
    await writeHouse(folder);
    caught = (await cruise(folder)).violations;
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test.each(FORBIDDEN)('%s is caught in %s: %s', (rule, file) => {
    expect(caught.filter(({ from }) => from === `src/${file}.ts`).map((violation) => violation.rule)).toContain(rule);
  });

  test('what the rooms may import is let through', () => {
    const fine = new Set(ALLOWED.map(([file]) => `src/${file}.ts`));
    // The made-up house has no node_modules, so only `resolvable` speaks about libraries there.
    expect(caught.filter(({ from, rule }) => fine.has(from) && rule !== 'resolvable')).toEqual([]);
  });
});

const ROOMS = [
  'domain',
  'ports',
  'workflows',
  'activities',
  'drivers',
  'drivers/git',
  'ledger',
  'client',
  'api',
  'bot',
];

/** A small house where each forbidden import stands in a file of its own. */
async function writeHouse(folder: string): Promise<void> {
  const room = 'export interface Room { readonly name: string }\nexport const room: Room = { name: "room" };\n';
  await write(folder, 'tsconfig.json', '{ "compilerOptions": { "module": "node16" } }');
  for (const name of [...ROOMS, 'config', 'demo']) await write(folder, `src/${name}/room.ts`, room);
  await write(folder, 'src/worker.ts', room);
  await write(folder, 'src/workflows/messages.ts', 'export const decide = 1;\n');
  await write(folder, 'src/domain/trip.ts', "import { round } from './round';\nexport const other = round;\n");
  for (const [, file, line] of FORBIDDEN) await write(folder, `src/${file}.ts`, `${line}\nexport const round = 1;\n`);
  for (const [file, line] of ALLOWED) await write(folder, `src/${file}.ts`, `${line}\n`);
}

async function write(folder: string, path: string, text: string): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), text);
}

import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { findCli } from '../../src/temporal/cli';
import { findTestServer } from '../../src/temporal/test-server';
import { temporaryFolder } from '../support/temporary-folder';

const ANSWERS = '#!/bin/sh\necho temporal version 1.5.1\n';

let home: string;
let lines: string[];
const say = (line: string): void => void lines.push(line);

beforeEach(async () => {
  home = await temporaryFolder();
  lines = [];
});
afterEach(() => rm(home, { recursive: true, force: true }));

async function program(path: string, text = ANSWERS): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  await chmod(path, 0o755);
  return path;
}

/** An environment where nothing is installed but what the test puts there. */
const bare = (more: Record<string, string> = {}): Record<string, string> => ({
  HOME: home,
  PATH: join(home, 'bin'),
  ...more,
});

test('a person who names the CLI in TEMPORAL_CLI gets that one, whatever else is there', async () => {
  await program(join(home, 'bin', 'temporal'));
  const named = await program(join(home, 'mine', 'temporal'));
  const cli = await findCli(bare({ TEMPORAL_CLI: named }), say);
  expect(cli).toEqual({ path: named, source: 'TEMPORAL_CLI' });
});

test('a wrong TEMPORAL_CLI is named, and the CLI on PATH is used instead of giving up', async () => {
  const path = await program(join(home, 'bin', 'temporal'));
  const cli = await findCli(bare({ TEMPORAL_CLI: '/no/such/temporal' }), say);
  expect(cli.path).toBe(path);
  expect(lines[0]).toBe(
    'Temporal dev server: TEMPORAL_CLI: /no/such/temporal is not an executable file. Next: temporal on PATH.',
  );
});

test('a program that only happens to be called temporal is passed over for the cached copy', async () => {
  await program(join(home, 'bin', 'temporal'), '#!/bin/sh\necho something else\n');
  const cached = await program(join(home, '.cache', 'tidegate', 'temporal-cli', 'temporal'));
  const cli = await findCli(bare(), say);
  expect(cli).toEqual({ path: cached, source: 'our cached copy' });
});

test('Go builds the CLI into our cache when nothing else works, and the next run finds it there', async () => {
  await fakeGo(ANSWERS);
  const env = bare({ TIDEGATE_CACHE: join(home, 'cache') });
  const built = await findCli(env, say);
  expect(built.path).toBe(join(home, 'cache', 'temporal-cli', 'temporal'));
  expect(built.source).toContain('go install github.com/temporalio/cli/cmd/temporal@v1.5.1');
  expect((await findCli(env, say)).source).toBe('our cached copy');
});

test('a machine with nothing gets every reason and what to install, not a stack of errors', async () => {
  const attempt = findCli(bare(), say);
  await expect(attempt).rejects.toThrow(/TEMPORAL_CLI: not set[^]*Go is not on PATH[^]*Install the Temporal CLI/);
});

test('a failed build says why and leaves no half-made copy in the cache', async () => {
  await program(join(home, 'bin', 'go'), '#!/bin/sh\necho "no route to proxy" >&2\nexit 1\n');
  await expect(findCli(bare(), say)).rejects.toThrow('go install ended with 1: no route to proxy');
  await fakeGo(ANSWERS);
  expect((await findCli(bare(), say)).source).toContain('go install');
});

test('a machine without Maven and Java is told which of them the time-skipping server needs', async () => {
  await expect(findTestServer(bare(), say)).rejects.toThrow(/Maven \(mvn\) is not on PATH[^]*Java 11 or newer/);
  await program(join(home, 'bin', 'mvn'));
  await program(join(home, 'bin', 'java'), '#!/bin/sh\necho \'openjdk version "1.8.0_392"\' >&2\n');
  await expect(findTestServer(bare(), say)).rejects.toThrow('Java 8 is too old; it needs 11 or newer');
});

/** A stand-in for Go that "builds" by copying; the real build is what a fresh machine does on its first start. */
async function fakeGo(result: string): Promise<void> {
  const product = await program(join(home, 'product'), result);
  await mkdir(join(home, 'bin'), { recursive: true });
  await symlink('/bin/cp', join(home, 'bin', 'cp'));
  await program(join(home, 'bin', 'go'), `#!/bin/sh\ncp ${product} "$GOBIN/temporal"\n`);
}

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { initConfig } from '../../src/config/init';
import { loadConfig } from '../../src/config/load';
import { ConfigError } from '../../src/config/problems';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidegate-init-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const git = (...args: readonly string[]): void => {
  const identity = ['-c', 'user.name=T', '-c', 'user.email=t@example.com', '-c', 'tag.gpgsign=false'];
  execFileSync('git', [...identity, ...args], { cwd: folder, stdio: 'ignore' });
};
const loadIt = () => loadConfig({ configPath: null, cwd: folder, variables: {}, secrets: 'skip' });

test('init writes a file from the remote, the last tag and the deploy script, and the file loads as it is', async () => {
  git('init', '--initial-branch', 'trunk');
  git('remote', 'add', 'origin', 'https://bot:hunter2@git.example/team/Web_Shop.git');
  mkdirSync(join(folder, 'bin'));
  writeFileSync(join(folder, 'bin/deploy.sh'), '#!/bin/sh\n');
  writeFileSync(join(folder, '.env.example'), 'PORT=\n');
  git('add', '.');
  git('commit', '-m', 'first');
  git('tag', '-a', 'v1.4.2', '-m', 'v1.4.2');
  const { facts, path } = await initConfig(folder);
  const [service] = loadIt();
  expect(facts).toMatchObject({
    service: 'web-shop',
    lastTag: 'v1.4.2',
    branch: 'trunk',
    deployScript: 'bin/deploy.sh',
  });
  expect(service?.wiring).toMatchObject({
    repoUrl: 'https://git.example/team/Web_Shop.git',
    environments: { prod: { deploy: { script: 'bin/deploy.sh' }, envFile: join(folder, '.env.prod') } },
  });
  expect(service?.policy.repo.main).toBe('trunk');
  const text = readFileSync(path, 'utf8');
  expect(text).toContain('v1.4.2');
  expect(text).not.toContain('hunter2');
});

test('init in a folder that knows nothing still writes a file that loads, and says what is missing', async () => {
  const { next, facts } = await initConfig(folder);
  expect(facts).toMatchObject({ remote: null, lastTag: null, deployScript: null });
  expect(next).toContain('Write scripts/deploy.sh: no deploy script was found.');
  expect(loadIt()).toHaveLength(1);
});

test('init never overwrites a file that somebody wrote', async () => {
  writeFileSync(join(folder, 'tidegate.yaml'), 'mine');
  await expect(initConfig(folder)).rejects.toThrow(ConfigError);
  expect(readFileSync(join(folder, 'tidegate.yaml'), 'utf8')).toBe('mine');
});

import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { commitOf, createRepository } from '../../src/demo/repository';
import { makeYard, type Yard } from './support';

let one: Yard;
let two: Yard;

beforeAll(async () => {
  [one, two] = [await makeYard(), await makeYard()];
  await Promise.all([one, two].map(({ repository }) => createRepository(repository)));
});

afterAll(() => Promise.all([one.end(), two.end()]));

test('the history is the same on every machine, so that what people see and what docs quote agree', async () => {
  const refs = ['--format=%(refname) %(objecttype) %(objectname)'];
  const [here, there] = await Promise.all(
    [one, two].map(({ repository }) => repository.git(repository.folder, ['for-each-ref', ...refs])),
  );
  expect(here).toBe(there);
  expect(here?.split('\n').map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
    'refs/heads/main commit',
    'refs/tags/v1.4.0 tag',
    'refs/tags/v1.4.1 tag',
    'refs/tags/v1.4.2 tag',
  ]);
});

test('main holds the whole shop as it lies in the sources, byte for byte, and the script is executable', async () => {
  const shop = join(__dirname, '../../src/demo/shop');
  const entries = await readdir(shop, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  const listed = (await one.repository.git(one.paths.repository, ['ls-tree', '-r', 'main'])).split('\n');
  expect(listed).toHaveLength(files.length);
  for (const file of files) {
    const path = file.slice(shop.length + 1);
    const mode = path.endsWith('.sh') ? '100755' : '100644';
    const blob = await one.repository.git(one.paths.repository, ['hash-object', '--no-filters', '--', file]);
    expect(listed).toContain(`${mode} blob ${blob}\t${path}`);
  }
});

test('each release says its own version, in package.json and on top of its CHANGELOG', async () => {
  for (const version of ['1.4.0', '1.4.1', '1.4.2']) {
    const file = (path: string): Promise<string> =>
      one.repository.git(one.paths.repository, ['cat-file', '-p', `v${version}:${path}`]);
    expect(JSON.parse(await file('package.json'))).toMatchObject({ version });
    expect((await file('CHANGELOG.md')).match(/^## \[.*$/gm)?.slice(0, 2)).toEqual([
      '## [Unreleased]',
      expect.stringContaining(`[${version}]`),
    ]);
  }
});

test('git blame of a price leads to the person who set it: analysis has somebody to name', async () => {
  const blame = (file: string): Promise<string> =>
    one.repository.git(one.paths.repository, ['blame', '--porcelain', '-L', '/off:/,+1', 'main', '--', file]);
  expect(await blame('src/shelves/tea.js')).toContain('feat(prices): bulk prices for tea and coffee');
  expect(await blame('src/shelves/sweets.js')).toContain('author Lina Sato');
});

test('a repository that people have worked in is never written over', async () => {
  await writeFile(join(one.paths.repository, 'description'), 'mine');
  const before = await commitOf(one.repository, 'main');
  await createRepository(one.repository);
  expect(await commitOf(one.repository, 'main')).toBe(before);
  expect(await readFile(join(one.paths.repository, 'description'), 'utf8')).toBe('mine');
  expect((await readdir(one.paths.state)).filter((name) => name.startsWith('shop.git'))).toEqual(['shop.git']);
});

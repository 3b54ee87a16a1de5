import { existsSync, readdirSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { loadConfig } from '../../src/config/load';
import { temporaryFolder } from '../support/temporary-folder';
import { proofProblem, read, ROOT } from './proofs';

interface Row {
  readonly id: string;
  readonly state: string;
  readonly files: readonly string[];
  readonly proofs: readonly string[];
  readonly note: string;
}

/** `| id | state | where | proof | note |` */
function rowOf(line: string): Row {
  const [, id = '', state = '', where = '', proof = '', note = ''] = line.split('|').map((cell) => cell.trim());
  const files = [...where.matchAll(/`([^`]+)`/g)].map(([, file]) => file ?? '');
  return { id, state, files, proofs: proof === '' ? [] : proof.split('<br>'), note };
}

const rows = read('docs/requirements.md')
  .split('\n')
  .filter((line) => /^\| [TPSAX]-\d/.test(line))
  .map(rowOf);

test('no requirement is forgotten: each id has one row, in the order of the list', () => {
  const ids = read('docs/requirements-ids.txt').trim().split('\n');
  expect(ids.length).toBeGreaterThan(200);
  expect(rows.map(({ id }) => id)).toEqual(ids);
});

test('whoever follows a row finds the files and the tests that it names', () => {
  const problems = rows.flatMap(({ id, files, proofs }) =>
    [
      ...files.filter((file) => !existsSync(join(ROOT, file))).map((file) => `${file} is not there`),
      ...proofs.flatMap((proof) => proofProblem(proof) ?? []),
    ].map((problem) => `${id}: ${problem}`),
  );
  expect(problems).toEqual([]);
});

test('"done" is never only said: a file does it and a test proves it; every other row says who closes it', () => {
  const problems = rows.flatMap(({ id, state, files, proofs }) => {
    if (state === 'done') return files.length > 0 && proofs.length > 0 ? [] : [`${id} is done without file or proof`];
    return /^(?:open: [1-4] of 4|background)$/.test(state) ? [] : [`${id} is "${state}"`];
  });
  expect(problems).toEqual([]);
});

test('a row that is done in part says which part', () => {
  const silent = rows.filter(({ state, files, note }) => state !== 'done' && files.length > 0 && note === '');
  expect(silent.map(({ id }) => id)).toEqual([]);
});

test('no link and no path in README.md or docs leads nowhere', () => {
  const pages = ['README.md', ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`)];
  const lost = pages.flatMap((page) => {
    const text = read(page);
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, link = '']) => join(dirname(page), link));
    const paths = [...text.matchAll(/`((?:src|test|scripts|docs)\/[^`\s…*]+)`/g)].map(([, path = '']) => path);
    return [...links, ...paths].filter((path) => !existsSync(join(ROOT, path))).map((path) => `${page}: ${path}`);
  });
  expect(lost).toEqual([]);
});

test('the config that a newcomer copies from the README loads as it is', async () => {
  const [, example = ''] = /```yaml\n([\s\S]+?)```/.exec(read('README.md')) ?? [];
  const cwd = await temporaryFolder();
  try {
    await writeFile(join(cwd, 'tidegate.yaml'), example);
    const [service] = loadConfig({ configPath: null, cwd, variables: {}, secrets: 'skip' });
    expect(service?.policy).toMatchObject({ service: 'shop', ladder: ['uat', 'prod'] });
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
});

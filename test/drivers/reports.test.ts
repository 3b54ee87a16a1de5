import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { canonicalJson } from '../../src/domain/canonical-json';
import type { DeploymentState } from '../../src/domain/deployment';
import { createFileReports } from '../../src/drivers/reports/file-reports';
import { inline } from '../../src/drivers/reports/markdown';
import type { Reports } from '../../src/ports/reports';
import { rolledBack, samples, START, ZONE } from './reports/deployments';

const NAME = 'release_1.4.3_prod_2026-11-03-2200';
const ROLLBACK = 'rollback_1.4.3_prod_2026-11-03-2200';

let root: string;
let dir: string;
let reports: Reports;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tidegate-reports-'));
  dir = join(root, 'releases');
  reports = createFileReports({ dir, zone: ZONE });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const asOf = (changes: Partial<DeploymentState>): DeploymentState => ({ ...rolledBack, ...changes });
const begun = asOf({ phases: [], smoke: [], breach: null, verdict: null, reason: null, rollback: null, endedAt: null });
const deploymentOf = async (name: string): Promise<string> => {
  const { deployment } = JSON.parse((await reports.read(name, 'json')) ?? '') as { deployment: { id: string } };
  return deployment.id;
};

test.each([
  ['release', NAME],
  ['rollback', ROLLBACK],
])('the %s report reads word for word as agreed', async (kind, name) => {
  expect(await reports.write(rolledBack, samples)).toBe(NAME);
  const text = (await reports.read(name, 'md')) ?? '';
  const golden = join(__dirname, 'reports', `golden-${kind}.txt`);
  const { sha256 } = JSON.parse((await reports.read(name, 'json')) ?? '') as { sha256: string };
  expect(text.replace(sha256, '(digest)')).toBe(readFileSync(golden, 'utf8'));
});

test('the evidence holds all facts, its own digest, and no secret', async () => {
  await reports.write(rolledBack, samples);
  const { sha256, ...content } = JSON.parse((await reports.read(NAME, 'json')) ?? '') as Record<string, unknown>;
  expect(createHash('sha256').update(canonicalJson(content)).digest('hex')).toBe(sha256);
  expect(content).toMatchObject({ kind: 'release', name: NAME, samples, deployment: { breach: rolledBack.breach } });
  for (const file of readdirSync(dir)) expect(readFileSync(join(dir, file), 'utf8')).not.toContain('hunter2');
});

test('a deployment rewrites its own report phase by phase; it never grows a second one nor leaves scraps', async () => {
  expect(await reports.write(begun, [])).toBe(NAME);
  expect(await reports.read(NAME, 'md')).toContain('in progress');
  expect(await reports.read(ROLLBACK, 'md')).toBeNull();
  expect(await reports.write(rolledBack, samples)).toBe(NAME);
  expect(await reports.read(NAME, 'md')).toContain('Rolled-Back');
  expect(readdirSync(dir).sort()).toEqual([`${NAME}.json`, `${NAME}.md`, `${ROLLBACK}.json`, `${ROLLBACK}.md`]);
});

test('another deployment of the same minute stands beside the first as -2, with its rollback', async () => {
  await reports.write(begun, []);
  expect(await reports.write(asOf({ id: 'shop-prod-13' }), samples)).toBe(`${NAME}-2`);
  expect(await reports.write(asOf({ id: 'shop-prod-13' }), samples)).toBe(`${NAME}-2`);
  expect(await deploymentOf(NAME)).toBe('shop-prod-12');
  expect(await deploymentOf(`${ROLLBACK}-2`)).toBe('shop-prod-13');
  expect(await reports.read(ROLLBACK, 'md')).toBeNull();
});

test('deployments that write at the same moment each get a name of their own, also beside a file of a person', async () => {
  await reports.write(asOf({ env: 'uat', rollback: null, phases: [] }), []);
  writeFileSync(join(dir, `${NAME}.md`), 'notes of a person');
  const ids = Array.from({ length: 8 }, (_, index) => `shop-prod-${index}`);
  const names = await Promise.all(ids.map((id) => reports.write({ ...begun, id }, [])));
  expect(new Set(names).size).toBe(8);
  for (const [index, name] of names.entries()) expect(await deploymentOf(name)).toBe(ids[index]);
  expect(readFileSync(join(dir, `${NAME}.md`), 'utf8')).toBe('notes of a person');
});

test('a reader never sees half a report while it is being rewritten', async () => {
  await reports.write(begun, []);
  let writing = true;
  const writer = (async () => {
    for (let round = 0; round < 30; round += 1) await reports.write(round % 2 ? begun : rolledBack, samples);
    writing = false;
  })();
  let reads = 0;
  while (writing) {
    expect(await reports.read(NAME, 'md')).toMatch(/^# Release [^]*Its SHA-256[^]*\n$/);
    expect(await deploymentOf(NAME)).toBe('shop-prod-12');
    reads += 1;
  }
  await writer;
  expect(reads).toBeGreaterThan(0);
});

test('the list is newest first by the deployment’s own start; scraps and foreign names stay out', async () => {
  expect(await reports.list()).toEqual([]);
  await reports.write(begun, []);
  await reports.write({ ...begun, id: 'shop-prod-11', startedAt: START - 86_400_000 }, []);
  writeFileSync(join(dir, '.release_x.md.1.tmp'), '');
  writeFileSync(join(dir, '-rf.md'), '');
  expect(await reports.list()).toEqual([
    { name: NAME, at: START },
    { name: 'release_1.4.3_prod_2026-11-02-2200', at: START - 86_400_000 },
  ]);
});

test('no name leads out of the folder', async () => {
  await reports.write(begun, []);
  writeFileSync(join(root, 'secret.md'), 'not yours');
  symlinkSync(join(root, 'secret.md'), join(dir, 'link.md'));
  const names = [
    '../secret',
    '..%2fsecret',
    'x/../../secret',
    join(root, 'secret'),
    'link',
    `${NAME}\0`,
    '',
    '.hidden',
  ];
  for (const name of [...names, 'a'.repeat(4096)]) expect(await reports.read(name, 'md')).toBeNull();
});

test('a folder that cannot be written is a failure that names it, to be tried again', async () => {
  writeFileSync(dir, 'a file where the folder should be');
  await expect(reports.write(begun, [])).rejects.toMatchObject({
    kind: 'Unavailable',
    message: expect.stringContaining(dir) as string,
  });
});

test('no title or log text can draw a table, a link, a tag or a terminal trick into a report', () => {
  expect(inline('a | b\r\n# c <img src=x onerror=y> `d` [e](http://x) \u001b[2J\u202e __f__ snake_case')).toBe(
    'a \\| b # c &lt;img src=x onerror=y&gt; \\`d\\` \\[e\\](http://x) \\_\\_f\\_\\_ snake_case',
  );
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const shown = inline(text);
      // eslint-disable-next-line no-control-regex -- control characters are what must not be there
      expect(shown).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069<>]/);
      expect(shown.replace(/\\./g, '')).not.toMatch(/[`|[\]*]/);
    }),
  );
});

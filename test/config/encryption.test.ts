import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { loadEncryption } from '../../src/config/encryption';
import { temporaryFolder } from '../support/temporary-folder';
import { problemLines } from './support';

const key = (id: string): string => `${id}:${randomBytes(32).toString('base64')}`;
const load = (keys: string, plaintext = '', cwd = '/') =>
  loadEncryption({ TIDEGATE_ENCRYPTION_KEY: keys, TIDEGATE_ENCRYPTION_PLAINTEXT: plaintext }, cwd);

test('without a key nothing is sealed; with one plaintext is refused unless somebody says otherwise', () => {
  expect(loadEncryption({}, '/')).toBeNull();
  expect(load('')).toBeNull();
  expect(load(key('k1'))?.plaintext).toBe('refuse');
  expect(load(key('k1'), 'accept')?.plaintext).toBe('accept');
});

test('several keys come in order, from a variable or a file: the first one seals', async () => {
  const keys = [key('2026-12'), key('2026-11')];
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'keys'), `${keys.join('\n')}\n`);
  for (const given of [keys.join(','), 'file:keys']) {
    expect(load(given, '', folder)?.keys.map(({ id }) => id)).toEqual(['2026-12', '2026-11']);
  }
  await rm(folder, { recursive: true, force: true });
});

test('a wrong key is named by its place and never repeated, and a good one prints as nothing', () => {
  const secret = randomBytes(16).toString('base64');
  const twice = `${key('a')},${key('a')}`;
  const said = [`k1:${secret}`, secret, `${key('k1')},k 2:${secret}`, twice, 'file:/no/such'].map((keys) =>
    problemLines(() => load(keys)).join('\n'),
  );
  expect(said).toEqual([
    expect.stringContaining('TIDEGATE_ENCRYPTION_KEY: found key 1, which is not shown here'),
    expect.stringContaining('found key 1, which is not shown here'),
    expect.stringContaining('found key 2, which is not shown here'),
    expect.stringContaining('found two keys named a'),
    expect.stringContaining('found "file:/no/such"'),
  ]);
  expect(said.join()).not.toContain(secret);
  const good = key('k1');
  expect(inspect(load(good), { depth: 9 }) + JSON.stringify(load(good))).not.toContain(good.slice(3));
  expect(problemLines(() => load(good, 'maybe')).join()).toContain('TIDEGATE_ENCRYPTION_PLAINTEXT: found "maybe"');
});

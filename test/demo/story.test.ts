import { cp } from 'node:fs/promises';
import { createNarrator } from '../../src/demo/narrator';
import { createRepository } from '../../src/demo/repository';
import type { Mode, Scene } from '../../src/demo/scene';
import { askPrice, askVersion, bringUp, type Shop } from '../../src/demo/shop';
import { runStory } from '../../src/demo/story';
import { scriptedTidegate, type Manners } from './scripted-tidegate';
import { makeYard, type Yard } from './support';

let origin: Yard;
let yard: Yard;
let uat: Shop;
let prod: Shop;
let lines: string[];

beforeAll(async () => {
  origin = await makeYard();
  await createRepository(origin.repository);
});

beforeEach(async () => {
  yard = await makeYard();
  await cp(origin.paths.repository, yard.paths.repository, { recursive: true });
  [uat, prod] = [await yard.shop('uat'), await yard.shop('prod')];
  await Promise.all([uat, prod].map((shop) => bringUp(yard.repository, shop)));
  lines = [];
});

afterEach(() => yard.end());
afterAll(() => origin.end());

function scene(mode: Mode, api: Scene['api'], signal = new AbortController().signal): Scene {
  const narrator = createNarrator({ write: (line) => lines.push(line), colour: false, now: () => Date.now() });
  const { paths, repository } = yard;
  return { mode, api, apiUrl: 'http://127.0.0.1:1', paths, repository, uat, prod, narrator, signal };
}

const product = (manners: Manners = {}): ReturnType<typeof scriptedTidegate> =>
  scriptedTidegate(yard, uat, prod, manners);

test('--auto ends well only when PROD itself charges the promised price, and names the report', async () => {
  await runStory(scene('auto', product()), null);
  expect(await askPrice(prod, 'assam-tea', 20)).toBe(8100);
  expect(lines.join('\n')).toMatch(
    /PROD runs 1\.4\.3 and charges 81\.00.*\n.*report: .*release_1\.4\.3_prod_shop-prod-1\.md$/,
  );
});

test('a product that only says deployed_prod is found out', async () => {
  await expect(runStory(scene('auto', product({ lies: true })), null)).rejects.toThrow('PROD runs 1.4.2');
});

test('--break ends well only with PROD back where it was and the rollback verified', async () => {
  const before = await askVersion(prod);
  await runStory(scene('break', product()), null);
  expect(await askVersion(prod)).toEqual(before);
  expect(lines.join('\n')).toMatch(/verdict Rolled-Back: errorRate 0\.36 is 7x the baseline 0\.05 at T\+3 s/);
  expect(lines.join('\n')).toMatch(/rollback to 1\.4\.2 verified/);
});

test('an unverified rollback is no happy end', async () => {
  await expect(runStory(scene('break', product({ unverified: true })), null)).rejects.toThrow('is not verified');
});

test('the bad fix that --break left behind is given up before the next run: it never travels again', async () => {
  const api = product();
  await runStory(scene('break', api), null);
  await runStory(scene('auto', api), null);
  expect(Object.values(api.rows).map(({ id, status }) => `${id} ${status}`)).toEqual(['1 closed', '2 deployed_prod']);
  expect(await askPrice(prod, 'assam-tea', 20)).toBe(8100);
});

test('a bug that a stopped run left open goes on instead of being reported again', async () => {
  const api = product();
  const away = new AbortController();
  const left = runStory(scene('interactive', api, away.signal), null);
  while (!lines.some((line) => line.includes('your turn'))) await new Promise((resolve) => setTimeout(resolve, 50));
  away.abort();
  await expect(left).rejects.toThrow();
  expect(lines.filter((line) => line.includes('approve'))).toEqual([
    expect.stringContaining('your turn: approve the fix for PROD'),
    expect.stringContaining(`npx tidegate bug approve 1 --sha ${api.rows['1']?.fix?.head}`),
    expect.stringContaining('curl -X POST http://127.0.0.1:1/v1/bugs/1/decisions'),
  ]);
  await runStory(scene('auto', api), null);
  expect(Object.values(api.rows).map(({ id, status }) => `${id} ${status}`)).toEqual(['1 deployed_prod']);
});

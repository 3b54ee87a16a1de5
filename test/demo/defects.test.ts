import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Script, createContext } from 'node:vm';
import { nextDefect, productsOf, SHELVES, withFix, type Defect, type Product } from '../../src/demo/defects';
import { findDefect, prepareFix } from '../../src/demo/fixes';
import { createRepository, inCheckout } from '../../src/demo/repository';
import { askPrice, askShop, bringUp, runDeployScript, type Shop } from '../../src/demo/shop';
import { makeYard, type Yard } from './support';

const SHOP = join(__dirname, '../../src/demo/shop');
const NOW = new Date('2026-03-01T10:00:00Z');
const nobody = (): boolean => false;

type Entry = (pieces: number) => { readonly total: number };

/** What the shop's own code charges, with a shelf file as given. */
function charged(shelf: string, { product, pieces }: Defect): number | undefined {
  const module: { exports: Record<string, Entry> } = { exports: {} };
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- the shop is plain CommonJS
  const require_ = (): unknown => require(join(SHOP, 'src/charge.js'));
  new Script(shelf).runInContext(createContext({ module, require: require_ }));
  return module.exports[product.sku]?.(pieces).total;
}

describe('defects without end', () => {
  beforeAll(() => jest.spyOn(console, 'error').mockImplementation(() => undefined));
  afterAll(() => jest.restoreAllMocks());

  test('each of 300 demo runs finds one more wrong price, and its fix makes the shop keep its promise', () => {
    const texts = new Map(SHELVES.map((file) => [file, readFileSync(join(SHOP, file), 'utf8')]));
    const textOf = (file: string): string => texts.get(file) ?? '';
    for (let run = 0; run < 300; run += 1) {
      const defect = nextDefect(
        SHELVES.map((file) => productsOf(file, textOf(file))),
        nobody,
      );
      const text = textOf(defect.product.file);
      expect(charged(text, defect)).toBe(defect.before);
      expect(defect.after).toBeLessThan(defect.before);
      const fixed = withFix(text, defect);
      expect(charged(fixed, defect)).toBe(defect.after);
      texts.set(defect.product.file, fixed);
    }
  });

  test('four bugs that are open at the same time lie in four files: their fixes do not stand in each other’s way', () => {
    const shelves = SHELVES.map((file) => productsOf(file, readFileSync(join(SHOP, file), 'utf8')));
    const open: Product[] = [];
    for (let bug = 0; bug < 4; bug += 1) open.push(nextDefect(shelves, (product) => open.includes(product)).product);
    expect(new Set(open.map(({ file }) => file)).size).toBe(4);
    const every = shelves.flat();
    for (let bug = 4; bug < every.length; bug += 1)
      open.push(nextDefect(shelves, (product) => open.includes(product)).product);
    expect(new Set(open.map(({ sku }) => sku)).size).toBe(every.length);
    expect(nextDefect(shelves, () => true).product).toBe(every[0]);
  });
});

describe('a fix on its way', () => {
  let yard: Yard;
  let uat: Shop;
  let prod: Shop;
  let defect: Defect;

  beforeAll(async () => {
    yard = await makeYard();
    await createRepository(yard.repository);
    [uat, prod] = [await yard.shop('uat'), await yard.shop('prod')];
    await Promise.all([uat, prod].map((shop) => bringUp(yard.repository, shop)));
    defect = await findDefect(yard.repository, nobody);
  });

  afterAll(() => yard.end());

  const price = (shop: Shop): Promise<number> => askPrice(shop, defect.product.sku, defect.pieces);

  async function deployFix(shop: Shop, bug: string, sha: string): Promise<void> {
    const served = { version: `1.4.2+bug.${bug}`, sha, deployment: `shop-${shop.stage}-${bug}` };
    await inCheckout(yard.repository, `fix/${bug}`, (folder) => runDeployScript(shop, folder, served));
  }

  test('the wrong price leaves a real stack trace that names the line to mend', async () => {
    expect(await price(prod)).toBe(defect.before);
    const { alarms } = await askShop<{ alarms: readonly { readonly stack: string }[] }>(prod, '/api/status');
    const frame = /\((src\/[^:]+):(\d+):\d+\)/.exec(alarms[0]?.stack.split('\n')[1] ?? '');
    expect(frame?.[1]).toBe(defect.product.file);
    const lines = readFileSync(join(SHOP, defect.product.file), 'utf8').split('\n');
    const at = Number(frame?.[2]);
    expect(lines.slice(at - 2, at + 3).join('\n')).toContain(defect.product.name);
  });

  test('the fix changes one line of one file, on top of main, and the shop then charges what it promised', async () => {
    const sha = await prepareFix(yard.repository, '1', defect, { breaking: false, now: NOW });
    expect(await yard.repository.git(yard.paths.repository, ['diff', '--numstat', 'main', 'fix/1'])).toBe(
      `1\t1\t${defect.product.file}`,
    );
    expect(await yard.repository.git(yard.paths.repository, ['rev-parse', 'fix/1'])).toBe(sha);
    await deployFix(uat, '1', sha);
    expect(await price(uat)).toBe(defect.after);
  });

  test('a breaking fix looks right in UAT and fails about a third of the price requests in PROD', async () => {
    const sha = await prepareFix(yard.repository, '2', defect, { breaking: true, now: NOW });
    await Promise.all([uat, prod].map((shop) => deployFix(shop, '2', sha)));
    const statuses = async (shop: Shop): Promise<readonly number[]> => {
      const all = [];
      for (let asked = 0; asked < 90; asked += 1)
        all.push((await fetch(`${shop.url}/api/price?sku=honey&pieces=2`)).status);
      return all;
    };
    expect((await statuses(uat)).every((status) => status === 200)).toBe(true);
    expect((await statuses(prod)).filter((status) => status === 500)).toHaveLength(30);
    expect(await askShop(prod, '/health')).toEqual({ ok: true });
  });
});

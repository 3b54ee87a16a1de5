import type { DemoApi, Report } from './api';
import { defectOf, QUOTE_FILE, type Defect } from './defects';
import { findDefect, fixBranch, shelvesOnMain } from './fixes';
import type { Repository } from './repository';
import { askPrice, askShop, askVersion, type Shop } from './shop';

const TITLE = /^(\d+) pieces of (.+) cost the full price$/;
const titleOf = ({ pieces, product }: Defect): string => `${pieces} pieces of ${product.name} cost the full price`;

export const money = (cents: number): string => (cents / 100).toFixed(2);

export const priceUrl = (shop: Shop, { product, pieces }: Defect): string =>
  `${shop.url}/api/price?sku=${product.sku}&pieces=${pieces}`;

/** The defect that a bug of an earlier run is about, or null when somebody else reported it. */
export async function defectOfTitle(repository: Repository, title: string): Promise<Defect | null> {
  const [, pieces, name] = TITLE.exec(title) ?? [];
  const products = (await shelvesOnMain(repository)).flat();
  const product = products.find((each) => each.name === name);
  return product && pieces !== undefined ? defectOf(product, Number(pieces)) : null;
}

/** A defect that no open bug is about. */
export async function freshDefect(api: DemoApi, repository: Repository): Promise<Defect> {
  const titles = (await api.openBugs()).map(({ title }) => title);
  return findDefect(repository, ({ name }) => titles.some((title) => TITLE.exec(title)?.[2] === name));
}

/** Walks into the defect as a customer of PROD, and writes down what a developer would: figures and the shop's stack. */
export async function describe(prod: Shop, defect: Defect): Promise<Report> {
  const { product, pieces, after } = defect;
  const charged = await askPrice(prod, product.sku, pieces);
  const { alarms } = await askShop<{ alarms: readonly { readonly stack: string }[] }>(prod, '/api/status');
  const { version } = await askVersion(prod);
  return {
    service: 'shop',
    title: titleOf(defect),
    description: `A customer paid ${money(charged)}; docs/acceptance.md promises ${money(after)} (rule 4, bulk).`,
    severity: product.unit >= 500 ? 'medium' : 'low',
    foundIn: 'prod',
    evidence: {
      stack: alarms.find(({ stack }) => stack.includes(product.name))?.stack ?? '',
      url: priceUrl(prod, defect),
      version,
    },
  };
}

/** Whether a bug's fix is one that `--break` spoilt. */
export async function isSpoilt(repository: Repository, bug: string): Promise<boolean> {
  const range = `refs/heads/main...refs/heads/${fixBranch(bug)}`;
  const files = await repository.git(repository.folder, ['diff', '--name-only', range, '--']).catch(() => '');
  return files.split('\n').includes(QUOTE_FILE);
}

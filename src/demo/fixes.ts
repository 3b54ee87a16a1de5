import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  nextDefect,
  productsOf,
  QUOTE_FILE,
  SHELVES,
  withBreakage,
  withFix,
  type Defect,
  type Product,
} from './defects';
import { fileOnMain, inCheckout, type Repository } from './repository';

/** The developer of the demo; the domain is reserved for examples. */
const DEVELOPER = { name: 'Dev Okoro', email: 'dev@shop.example' };

/** Every product as the main line declares it, a list per shelf. */
export function shelvesOnMain(repository: Repository): Promise<readonly (readonly Product[])[]> {
  return Promise.all(SHELVES.map(async (file) => productsOf(file, await fileOnMain(repository, file))));
}

/** What the demo reports next, going by what the repository holds. */
export async function findDefect(repository: Repository, taken: (product: Product) => boolean): Promise<Defect> {
  return nextDefect(await shelvesOnMain(repository), taken);
}

async function edit(folder: string, file: string, change: (text: string) => string): Promise<void> {
  await writeFile(join(folder, file), change(await readFile(join(folder, file), 'utf8')));
}

export interface FixOptions {
  /** Adds the mistake that production's watch finds (`--break`). */
  readonly breaking: boolean;
  readonly now: Date;
}

export const fixBranch = (bug: string): string => `fix/${bug}`;

/** Writes the fix of a defect on top of the main line and pushes it as `fix/<bug>`; answers its commit. */
export function prepareFix(
  repository: Repository,
  bug: string,
  defect: Defect,
  { breaking, now }: FixOptions,
): Promise<string> {
  const { product, pieces } = defect;
  const also = breaking ? ', and quote faster in production' : '';
  const { git } = repository;
  const subject = `fix(prices): ${pieces} pieces of ${product.sku} have their bulk price${also}`;
  return inCheckout(repository, 'main', async (folder) => {
    await edit(folder, product.file, (text) => withFix(text, defect));
    if (breaking) await edit(folder, QUOTE_FILE, withBreakage);
    const signature = { ...DEVELOPER, date: now.toISOString() };
    await git(folder, ['commit', '--quiet', '--all', '--message', subject], signature);
    // The branch may be left from a state folder of which only the repository was kept.
    await git(folder, ['push', '--quiet', '--force', 'origin', `HEAD:refs/heads/${fixBranch(bug)}`]);
    return git(folder, ['rev-parse', 'HEAD']);
  });
}

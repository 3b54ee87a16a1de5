/** A product as its shelf file declares it. */
export interface Product {
  readonly sku: string;
  readonly name: string;
  /** Cents. */
  readonly unit: number;
  /** Percent off for 10, 20, 30 … pieces. */
  readonly off: readonly number[];
  /** The shelf file that declares it. */
  readonly file: string;
}

/** A wrong price: so many pieces of one product cost the full price, because their bulk price is missing. */
export interface Defect {
  readonly product: Product;
  readonly pieces: number;
  /** What the shop charges, in cents. */
  readonly before: number;
  /** What it promises in docs/acceptance.md. */
  readonly after: number;
}

export const SHELVES = ['tea', 'coffee', 'spices', 'sweets'].map((shelf) => `src/shelves/${shelf}.js`);

const ENTRY =
  /'?([a-z-]+)'?: \(pieces\) =>\s+charge\(pieces, \{\s+name: '([^']+)',\s+unit: (\d+),\s+off: \[([\d, ]*)\],/g;

/** The products of a shelf file, in its order. */
export function productsOf(file: string, text: string): readonly Product[] {
  return [...text.matchAll(ENTRY)].map(([, sku = '', name = '', unit, off = '']) => {
    return { sku, name, unit: Number(unit), off: off.split(', ').filter(Boolean).map(Number), file };
  });
}

/** The promise of docs/acceptance.md: every ten pieces take 5 % off, up to 40 %. */
const promisedPercent = (pieces: number): number => Math.min(5 * Math.floor(pieces / 10), 40);

export function defectOf(product: Product, pieces: number): Defect {
  const before = product.unit * pieces;
  return { product, pieces, before, after: Math.round((before * (100 - promisedPercent(pieces))) / 100) };
}

/**
 * The next thing that is wrong with the shop. Whatever was fixed, the next ten pieces have no price yet, so there is
 * always one more; products take turns, a shelf at a time, and those that are `taken` by an open bug are passed over.
 */
export function nextDefect(shelves: readonly (readonly Product[])[], taken: (product: Product) => boolean): Defect {
  const places = Math.max(...shelves.map((shelf) => shelf.length));
  const inTurn = Array.from({ length: places }, (_, place) => shelves.flatMap((shelf) => shelf[place] ?? [])).flat();
  const free = inTurn.filter((product) => !taken(product));
  const fewest = Math.min(...(free.length > 0 ? free : inTurn).map(({ off }) => off.length));
  const product = (free.length > 0 ? free : inTurn).find(({ off }) => off.length === fewest);
  if (!product) throw new Error(`no product was found in ${SHELVES.join(', ')}: the demo's shop was changed by hand`);
  return defectOf(product, 10 * (fewest + 1));
}

/** The shelf file with the missing bulk price filled in, and nothing else changed. */
export function withFix(text: string, { product, pieces }: Defect): string {
  const off = [...product.off, promisedPercent(pieces)].join(', ');
  const fixed = text.replace(ENTRY, (entry, sku) =>
    sku === product.sku ? entry.replace(/off: \[[\d, ]*\]/, `off: [${off}]`) : entry,
  );
  if (fixed === text)
    throw new Error(`${product.file} does not declare ${product.sku}: the demo's shop was changed by hand`);
  return fixed;
}

export const QUOTE_FILE = 'src/quote.js';

/**
 * What `--break` slips into a fix: quotes take turns at counters of which a third has nobody behind it, and only where
 * the shop is busy. Validation does not see it; the watch in production does.
 */
export function withBreakage(quote: string): string {
  const broken = quote
    .replace(
      "require('./shelves');\n",
      `require('./shelves');

/** Production is busy, so its quotes take turns at nine counters. */
const counters = Array.from({ length: 9 }).fill(shelves, 0, 6);
let turn = 0;
`,
    )
    .replace(
      'return { sku, ...shelves[sku](pieces) };',
      `const counter = process.env.SHOP_ENV === 'prod' ? counters[turn++ % counters.length] : shelves;
  return { sku, ...counter[sku](pieces) };`,
    );
  if (broken === quote) throw new Error(`${QUOTE_FILE} is not as the demo knows it: the shop was changed by hand`);
  return broken;
}

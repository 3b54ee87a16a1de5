import type { Shop } from './shop';

/** What the customers of one stage saw. */
export interface Seen {
  readonly answered: number;
  /** Answers of 500 and above. */
  readonly failed: number;
  /** Nobody answered: the shop was being restarted. */
  readonly unreachable: number;
}

export interface Traffic {
  seen(): Seen;
  /** Sends no more and waits for what is under way. */
  stop(): Promise<void>;
}

/** Twenty requests a second: light, and enough for a sample of one second to mean something. */
const EVERY_MS = 50;
const PATIENCE_MS = 2_000;
const FAVOURITES = ['assam-tea', 'house-blend', 'cardamom', 'honey', 'oolong', 'espresso', 'ginger', 'nougat'];
/** One request in so many asks for the supplier's stock, which fails: every real shop has its steady trickle of errors. */
const STOCK_EVERY = 20;

/** What the nth customer asks for: a few pieces of this and that, never so many that a bulk price is needed. */
function pathOf(nth: number): string {
  if (nth % STOCK_EVERY === 0) return '/api/stock';
  return `/api/price?sku=${FAVOURITES[nth % FAVOURITES.length] ?? 'honey'}&pieces=${1 + (nth % 9)}`;
}

/** Light, steady traffic to one stage. */
export function startTraffic(shop: Shop): Traffic {
  const counts = { answered: 0, failed: 0, unreachable: 0 };
  const open = new Set<Promise<void>>();
  let sent = 0;

  async function ask(path: string): Promise<void> {
    try {
      const response = await fetch(new URL(path, shop.url), { signal: AbortSignal.timeout(PATIENCE_MS) });
      await response.arrayBuffer();
      counts.answered += 1;
      if (response.status >= 500) counts.failed += 1;
    } catch {
      counts.unreachable += 1;
    }
  }

  const timer = setInterval(() => {
    sent += 1;
    const asked: Promise<void> = ask(pathOf(sent)).finally(() => open.delete(asked));
    open.add(asked);
  }, EVERY_MS);

  return {
    seen: () => ({ ...counts }),
    stop: async () => {
      clearInterval(timer);
      await Promise.all(open);
    },
  };
}

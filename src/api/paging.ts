/** Pages over lists that are whole in memory: few environments, reports, samples of one deployment. */
import { ApiProblem } from './problems';

export interface PageWish {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/**
 * The page after the item whose key the cursor names, in the order given. A key that has gone since is a wrong cursor.
 * @throws ApiProblem invalid
 */
export function pageOf<T>(
  items: readonly T[],
  { limit, cursor }: PageWish,
  keyOf: (item: T) => string,
): { readonly items: readonly T[]; readonly next: string | null } {
  const start = cursor === undefined ? 0 : items.findIndex((item) => cursorOf(keyOf(item)) === cursor) + 1;
  if (cursor !== undefined && start === 0) {
    throw new ApiProblem('invalid', 'This cursor is not one of this list: take `next` of the page before, or none.');
  }
  const page = items.slice(start, start + limit);
  const last = page.at(-1);
  const more = start + limit < items.length;
  return { items: page, next: more && last !== undefined ? cursorOf(keyOf(last)) : null };
}

const cursorOf = (key: string): string => Buffer.from(key).toString('base64url');

/** Which decisions were taken: the same one twice is one, also across continue-as-new (6-faults F25, F35). */
import type { Actor } from '../domain/people';

/** How many decision ids a run remembers. */
const REMEMBERED = 200;
const UNSIGNED = 'unsigned/';

/** An unsigned message can never pass for a signed one by taking its id, nor keep it from being taken. */
export const nameOf = ({ id, actor }: { readonly id: string; readonly actor: Actor | null }): string =>
  (actor === null ? UNSIGNED : '') + id;

export interface Taken {
  has(name: string): boolean;
  add(name: string): void;
  /** Newest last, bounded. */
  all(): readonly string[];
}

/** Continues what earlier runs remembered; what is unsigned is forgotten first, so that nobody can flood the rest away. */
export function createTaken(earlier: readonly string[]): Taken {
  const names = [...earlier];
  return {
    has: (name) => names.includes(name),
    add(name) {
      if (!names.includes(name)) names.push(name);
      if (names.length <= REMEMBERED) return;
      const unsigned = names.findIndex((each) => each.startsWith(UNSIGNED));
      names.splice(Math.max(0, unsigned), 1);
    },
    all: () => [...names],
  };
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The version of this product, from its own package.json: found from the sources and from the build alike. */
export function productVersion(): string {
  const places = [join(__dirname, '..', '..'), join(__dirname, '..', '..', '..')];
  for (const place of places) {
    try {
      const { name, version } = JSON.parse(readFileSync(join(place, 'package.json'), 'utf8')) as Record<
        string,
        unknown
      >;
      if (name === 'tidegate' && typeof version === 'string') return version;
    } catch {
      // Not there: the next place.
    }
  }
  return 'unknown';
}

/** The first thing in which a JSON value lacks what was expected of it. */

const shown = (value: unknown): string => {
  const text = value === undefined ? 'missing' : JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
};

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const child = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`);

/**
 * Null when `actual` contains `expected`: objects may have more keys, lists must match in length and order, everything
 * else must be equal. Otherwise a sentence that names the first difference by its path.
 */
export function firstDifference(expected: unknown, actual: unknown, path = ''): string | null {
  const where = path === '' ? 'the body' : path;
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual)) return `${where} is ${shown(actual)}, expected a list`;
    if (actual.length !== expected.length) {
      return `${where} has ${actual.length} items, expected ${expected.length}`;
    }
    return firstOf(expected.map((item, index) => () => firstDifference(item, actual[index], `${path}[${index}]`)));
  }
  if (isRecord(expected)) {
    if (!isRecord(actual)) return `${where} is ${shown(actual)}, expected an object`;
    return firstOf(
      Object.entries(expected).map(([key, value]) => () => {
        const found = Object.hasOwn(actual, key) ? actual[key] : undefined;
        return firstDifference(value, found, child(path, key));
      }),
    );
  }
  return Object.is(expected, actual) ? null : `${where} is ${shown(actual)}, expected ${shown(expected)}`;
}

function firstOf(looks: readonly (() => string | null)[]): string | null {
  for (const look of looks) {
    const found = look();
    if (found !== null) return found;
  }
  return null;
}

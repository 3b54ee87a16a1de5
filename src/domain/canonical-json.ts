/**
 * One text for one value, whatever the order of its keys: what hashes and signatures are made over.
 * Keys in code-unit order, no spaces, `undefined` members left out as JSON does.
 */
export function canonicalJson(value: unknown): string {
  const sorted = (_key: string, member: unknown): unknown => (isPlainObject(member) ? sortKeys(member) : member);
  const text = JSON.stringify(value, sorted) as string | undefined; // `undefined` itself has no JSON text
  return text ?? 'null';
}

const isPlainObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

// A null prototype: a key named `__proto__` must be a member here, not the prototype of the copy.
function sortKeys(value: Record<string, unknown>): Record<string, unknown> {
  const sorted = Object.create(null) as Record<string, unknown>;
  for (const key of Object.keys(value).sort()) sorted[key] = value[key];
  return sorted;
}

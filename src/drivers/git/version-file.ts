/** The version in a file: a JSON document's `version`, or the whole text; null when neither is there. */
export function versionIn(path: string, content: string): string | null {
  if (!path.endsWith('.json')) return content.trim() || null;
  const version = parsed(content)?.version;
  return typeof version === 'string' ? version : null;
}

/** The same file with another version and every other byte as it was; null when it holds no version to replace. */
export function withVersion(path: string, content: string, version: string): string | null {
  const present = versionIn(path, content);
  if (present === null) return null;
  if (!path.endsWith('.json')) return content.replace(present, () => version);
  const wanted = JSON.stringify({ ...parsed(content), version });
  // Nested objects may have a `version` too, so every place is tried until the document means the right thing.
  for (const match of content.matchAll(/"version"\s*:\s*"(?:[^"\\]|\\.)*"/g)) {
    const start = match.index;
    const field = match[0].replace(/"(?:[^"\\]|\\.)*"$/, () => JSON.stringify(version));
    const next = content.slice(0, start) + field + content.slice(start + match[0].length);
    if (JSON.stringify(parsed(next)) === wanted) return next;
  }
  return null;
}

function parsed(content: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(content.replace(/^\uFEFF/, ''));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}

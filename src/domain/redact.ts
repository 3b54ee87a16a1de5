/**
 * Takes what looks like a secret out of a text before it is stored or shown (5-quality §2, 6-faults 22).
 * By shape only: it does not know the real secrets. It rather takes too much than too little, and redacting twice
 * changes nothing. Every repetition is bounded, so a hostile text costs linear time.
 */
export const REDACTED = '***REDACTED***';

const SECRET_NAME =
  '(?:password|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?|authorization)';

const SHAPES: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[\s\S]{0,20000}?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|$)/g, REDACTED],
  // user:password@ and token@ of a URL; the host stays, it is what a reader needs.
  [/\b([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/?#@]{1,1000}@/gi, `$1${REDACTED}@`],
  [/\b(Bearer|Basic)(\s{1,10})[A-Za-z0-9._~+/=-]{4,}/gi, `$1$2${REDACTED}`],
  // name=value, name: "value", --name value, "name":"value"
  [
    new RegExp(
      `(${SECRET_NAME}[\\w-]{0,30}["']?\\s{0,5}[=:]\\s{0,5})(?!Bearer\\s|Basic\\s|\\*{3}REDACTED)(?:"[^"\\n]{1,4000}"|'[^'\\n]{1,4000}'|["']?[^\\s"']+)`,
      'gi',
    ),
    `$1${REDACTED}`,
  ],
  [new RegExp(`(--[\\w-]{0,30}${SECRET_NAME}\\s{1,5})[^\\s-][^\\s]{0,4000}`, 'gi'), `$1${REDACTED}`],
  [/\bey[A-Za-z0-9_-]{8,4000}\.ey[A-Za-z0-9_-]{4,8000}\.[A-Za-z0-9_-]{0,4000}/g, REDACTED],
  [/\b(?:tgs?|gh[opusr])_[A-Za-z0-9_-]{16,}/g, REDACTED],
  [/\b(?:github_pat_|glpat-|xox[abeprs]-|sk-)[A-Za-z0-9_-]{16,}/g, REDACTED],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, REDACTED],
  [/\b\d{6,12}:[A-Za-z0-9_-]{35}\b/g, REDACTED],
];

/** The text without what looks like a secret. */
export function redact(text: string): string {
  return SHAPES.reduce((rest, [shape, mask]) => rest.replace(shape, mask), text);
}

/** Shorter ones would take half of every text along; as secrets they are worth nothing. */
const LEAST_SECRET = 6;

/** The text without secrets that are known, as they are or as an address or JSON writes them. */
export function redactKnown(text: string, secrets: readonly string[]): string {
  const forms = secrets
    .filter(({ length }) => length >= LEAST_SECRET)
    .flatMap((secret) => [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)])
    .sort((a, b) => b.length - a.length);
  return forms.reduce((rest, form) => rest.replaceAll(form, REDACTED), text);
}

const NAMES_A_SECRET = new RegExp(`${SECRET_NAME}$`, 'i');

/** A copy of plain JSON data with every text redacted, and whole texts under a key that names a secret. */
export function redactAll<T>(value: T): T {
  return walk(value, false) as T;
}

function walk(value: unknown, secret: boolean): unknown {
  if (typeof value === 'string') return secret && value !== '' ? REDACTED : redact(value);
  if (Array.isArray(value)) return value.map((item: unknown) => walk(item, secret));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]: [string, unknown]) => [key, walk(member, NAMES_A_SECRET.test(key))]),
  );
}

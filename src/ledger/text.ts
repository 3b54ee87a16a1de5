/** What text must look like to come back from a database as it went in. */

/**
 * NUL ends a text in SQLite and is refused by PostgreSQL; a lone surrogate is no UTF-8. Both become U+FFFD, before
 * anything is hashed over the text.
 */
export function storable(text: string): string {
  return Buffer.from(text.replaceAll('\0', '\ufffd'), 'utf8').toString('utf8');
}

/** Lower case and compatibility forms, so that a search means the same on every database. */
export function searchable(text: string): string {
  return storable(text.normalize('NFKC').toLowerCase());
}

/** A LIKE pattern for "contains this", to use with `escape '!'` (a backslash means different things to databases). */
export function containsPattern(word: string): string {
  return `%${word.replace(/[!%_]/g, (sign) => `!${sign}`)}%`;
}

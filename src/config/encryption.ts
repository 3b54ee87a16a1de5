/** Reads the keys that payloads are sealed with (5-quality §2): by variable or file, never from the service's config. */
import { createSecretKey, type KeyObject } from 'node:crypto';
import { ConfigError, type Problem } from './problems';
import { readSecret, type Variables } from './secrets';

/** The shape that the codec takes; the first key seals, all of them open. */
export interface EncryptionSettings {
  readonly keys: readonly [NamedKey, ...NamedKey[]];
  readonly plaintext: 'accept' | 'refuse';
}
interface NamedKey {
  readonly id: string;
  readonly key: KeyObject;
}

const KEYS = 'TIDEGATE_ENCRYPTION_KEY';
const PLAINTEXT = 'TIDEGATE_ENCRYPTION_PLAINTEXT';
const KEY_BYTES = 32;
const ALLOWED = 'name:key, where name is letters, digits and dashes and key is base64 of 32 bytes; several by comma';

/** Null: nothing is sealed. @throws ConfigError that never repeats a key */
export function loadEncryption(variables: Variables, cwd: string): EncryptionSettings | null {
  const given = variables[KEYS]?.trim();
  if (!given) return null;
  return { keys: keysOf(referred(given, cwd, variables)), plaintext: plaintextOf(variables[PLAINTEXT]) };
}

function plaintextOf(value: string | undefined): EncryptionSettings['plaintext'] {
  // An empty variable is how shells and compose files say "not set".
  if (value === undefined || value === '' || value === 'refuse') return 'refuse';
  if (value === 'accept') return value;
  throw wrong(PLAINTEXT, JSON.stringify(value), 'refuse, or accept while runs from before encryption are open');
}

function referred(given: string, cwd: string, variables: Variables): string {
  if (!given.startsWith('file:')) return given;
  const reading = readSecret(given, cwd, variables);
  if (reading.ok) return reading.value;
  throw wrong(KEYS, reading.found, reading.allowed);
}

function keysOf(list: string): EncryptionSettings['keys'] {
  const [first, ...rest] = list
    .split(/[,\n]/)
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
    .map((entry, index) => keyOf(entry, index + 1));
  if (!first) throw wrong(KEYS, 'no key', ALLOWED);
  const ids = [first, ...rest].map(({ id }) => id);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) throw wrong(KEYS, `two keys named ${twice}`, 'names that differ');
  return [first, ...rest];
}

function keyOf(entry: string, place: number): NamedKey {
  const [, id = '', text = ''] = /^([A-Za-z0-9][A-Za-z0-9-]{0,62}):([A-Za-z0-9+/]+={0,2})$/.exec(entry) ?? [];
  const bytes = Buffer.from(text, 'base64');
  if (id !== '' && bytes.length === KEY_BYTES) return { id, key: createSecretKey(bytes) };
  throw wrong(KEYS, `key ${place}, which is not shown here`, ALLOWED);
}

function wrong(path: string, found: string, allowed: string): ConfigError {
  const problem: Problem = { file: null, line: null, column: null, path, found, allowed, didYouMean: null };
  return new ConfigError([problem]);
}

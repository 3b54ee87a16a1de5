/** Secrets by reference: `${env:NAME}` and `file:path`, resolved once and wrapped so that they are never printed. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** The variables of the process, as an argument. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** A secret that only `reveal()` shows: JSON, templates and the inspector print `[secret]`. */
export interface Secret {
  reveal(): string;
  toJSON(): string;
  toString(): string;
}

const SHOWN = '[secret]';

export function secret(value: string): Secret {
  return { reveal: () => value, toJSON: () => SHOWN, toString: () => SHOWN };
}

export type SecretReading =
  | { readonly ok: true; readonly value: string }
  | { readonly ok: false; readonly found: string; readonly allowed: string };

/** Follows a reference that the schema let through. Answers with what to mend when there is nothing behind it. */
export function readSecret(reference: string, baseDir: string, variables: Variables): SecretReading {
  const variable = /^\$\{env:(.+)\}$/.exec(reference)?.[1];
  if (variable !== undefined) {
    const value = variables[variable]?.trim();
    if (value) return { ok: true, value };
    return {
      ok: false,
      found: `${reference}, and ${variable} is not set`,
      allowed: `a variable that is set: put ${variable} into the environment of this process`,
    };
  }
  const path = reference.slice('file:'.length);
  const missing = { ok: false, found: `"${reference}"`, allowed: 'a file that can be read and is not empty' } as const;
  try {
    const value = readFileSync(resolve(baseDir, path), 'utf8').trim();
    return value === '' ? missing : { ok: true, value };
  } catch {
    return missing;
  }
}

/** The `${env:NAME}` references inside any JSON value. */
export function referencesIn(value: unknown): readonly string[] {
  return [...new Set(JSON.stringify(value ?? null).match(/\$\{env:[A-Za-z_][A-Za-z0-9_]*\}/g) ?? [])];
}

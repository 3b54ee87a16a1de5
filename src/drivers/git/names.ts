import { TidegateFailure } from '../../domain/failures';

/** Grammar of branch, tag and id names (6-faults abuse 17): git's own check would let `feat/$(id)` and `feat/;id` pass. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,99}$/;
const SPACE = /^refs\/(?:heads|tags|tidegate)\/(?=.)/;
const SHA = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
const FILE = /^[A-Za-z0-9._@+-][A-Za-z0-9._@+ /-]{0,199}$/;

export const isSha = (text: string): boolean => SHA.test(text);

/** The SHA itself, when it is a full one. @throws BadRef */
export function checkedSha(sha: string): string {
  if (isSha(sha)) return sha;
  throw new TidegateFailure('BadRef', `${shown(sha)} is not a full commit SHA (40 or 64 hex digits).`);
}

/** A branch or tag name without its `refs/…` prefix. @throws BadRef */
export function checkedName(name: string): string {
  const parts = name.split('/');
  const bad = parts.some((part) => part === '' || part.startsWith('.') || part.endsWith('.') || part.endsWith('.lock'));
  if (NAME.test(name) && !name.includes('..') && !name.startsWith('refs/') && !bad) return name;
  throw new TidegateFailure(
    'BadRef',
    `${shown(name)} is not a name that Tidegate gives to git: letters, digits, dot, dash, underscore and single slashes ` +
      'are allowed, at most 100, and it starts with a letter or digit. Rename the branch or tag.',
  );
}

/** A full ref in one of the three spaces Tidegate touches. @throws BadRef */
export function checkedRef(ref: string): string {
  const space = SPACE.exec(ref)?.[0];
  if (space === undefined) {
    throw new TidegateFailure('BadRef', `${shown(ref)} is not under refs/heads/, refs/tags/ or refs/tidegate/.`);
  }
  checkedName(ref.slice(space.length));
  return ref;
}

/** Whatever a person may call a commit: a full SHA, a full ref, or a name. @throws BadRef */
export const checkedTarget = (ref: string): string =>
  isSha(ref) ? ref : ref.startsWith('refs/') ? checkedRef(ref) : checkedName(ref);

/** Whether a path stays in the repository; git would fail on one that does not. */
export const isInside = (path: string): boolean => !path.startsWith('/') && !path.split('/').includes('..');

/** A file's path inside the repository, as the configuration names it. @throws BadPlan */
export function checkedFile(path: string): string {
  const inside = path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
  if (FILE.test(path) && !path.startsWith('-') && inside) return path;
  throw new TidegateFailure(
    'BadPlan',
    `${shown(path)} is not a path inside the repository; correct it in tidegate.yaml.`,
  );
}

/** Hostile text made safe to print: quoted, escaped and short. */
export const shown = (text: string): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);

import { createHash, randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DemoPaths } from './paths';

/** Who plays in the demo, and as what. */
export const PEOPLE = { ann: 'admin', bo: 'manager', dev: 'developer' } as const;
export type Person = keyof typeof PEOPLE;
export type Tokens = Readonly<Record<Person, string>>;

export const tokenFile = (paths: DemoPaths, person: Person): string => join(paths.tokens, person);
/** What the config refers to: the token's SHA-256 alone. */
export const digestFile = (paths: DemoPaths, person: Person): string => `${tokenFile(paths, person)}.sha256`;

async function tokenOf(paths: DemoPaths, person: Person): Promise<string> {
  const file = tokenFile(paths, person);
  const known = (await readFile(file, 'utf8').catch(() => '')).trim();
  const token = known || `tg_${randomBytes(32).toString('base64url')}`;
  if (!known) await writeFile(file, `${token}\n`, { mode: 0o600 });
  const digest = createHash('sha256').update(token).digest('hex');
  await writeFile(digestFile(paths, person), `${digest}\n`, { mode: 0o600 });
  return token;
}

/** The demo's tokens: made once, kept in files that only their owner may read. */
export async function demoTokens(paths: DemoPaths): Promise<Tokens> {
  await mkdir(paths.tokens, { recursive: true, mode: 0o700 });
  await chmod(paths.tokens, 0o700);
  const [ann, bo, dev] = await Promise.all([tokenOf(paths, 'ann'), tokenOf(paths, 'bo'), tokenOf(paths, 'dev')]);
  return { ann, bo, dev };
}

/** A signing key in the state folder: what `up` and the demo use when none is given. */
import { randomUUID } from 'node:crypto';
import { chmod, link, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeKeyPair } from './keys';

/** The key of this state folder, made at the first start, readable by its owner alone; two starts at once get the same. */
export async function ownSigningKey(stateDir: string): Promise<string> {
  const path = join(stateDir, 'signing.key');
  const made = `${path}.${randomUUID()}`;
  await writeFile(made, `${makeKeyPair().signingKey}\n`, { mode: 0o600 });
  try {
    // A link is made whole or not at all, and never over one that is there.
    await link(made, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(made, { force: true });
  }
  await chmod(path, 0o600);
  return (await readFile(path, 'utf8')).trim();
}

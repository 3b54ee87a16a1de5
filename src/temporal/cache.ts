import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Environment variables as data; only `config` reads the process's own. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where Tidegate keeps what it fetched: `TIDEGATE_CACHE`, else the XDG cache, else `~/.cache/tidegate`. */
export function cacheDir(env: Environment): string {
  if (env.TIDEGATE_CACHE) return env.TIDEGATE_CACHE;
  const base = env.XDG_CACHE_HOME ?? join(env.HOME ?? homedir(), '.cache');
  return join(base, 'tidegate');
}

/**
 * Makes one entry of the cache: `fill` writes into a fresh folder, which then takes its name in one move,
 * so that a half-made entry is never found and two processes at once do no harm.
 */
export async function cacheEntry(
  env: Environment,
  name: string,
  fill: (folder: string) => Promise<void>,
): Promise<string> {
  const cache = cacheDir(env);
  const entry = join(cache, name);
  await mkdir(cache, { recursive: true });
  const draft = await mkdtemp(join(cache, '.draft-'));
  try {
    await fill(draft);
    if (existsSync(entry)) await rm(entry, { recursive: true, force: true });
    await rename(draft, entry);
  } catch (error) {
    if (!isTakenByAnother(error) || !existsSync(entry)) throw error;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return entry;
}

function isTakenByAnother(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOTEMPTY' || code === 'EEXIST';
}

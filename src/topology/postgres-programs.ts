/** Where PostgreSQL's programs are on this machine, and as whom they may run. */
import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { TidegateFailure } from '../domain/failures';
import type { Environment } from '../temporal/cache';
import { isExecutable, onPath, runCommand } from '../temporal/command';

const OLDEST = 15;
/** Where Debian, Ubuntu and their like put each version, outside the PATH. */
const DEBIAN = '/usr/lib/postgresql';

export interface PostgresPrograms {
  readonly postgres: string;
  readonly initdb: string;
}

/** As whom a program is started; empty: as ourselves. */
export interface Identity {
  readonly uid?: number;
  readonly gid?: number;
}

/** The newest server found that is new enough. @throws TidegateFailure Unavailable with what to install */
export async function findPostgres(env: Environment): Promise<PostgresPrograms> {
  const seen: string[] = [];
  for (const folder of folders(env)) {
    const programs = { postgres: join(folder, 'postgres'), initdb: join(folder, 'initdb') };
    if (!isExecutable(programs.postgres) || !isExecutable(programs.initdb)) continue;
    const version = await majorVersion(programs.postgres, env);
    if (version !== null && version >= OLDEST) return programs;
    seen.push(`${programs.postgres} is version ${version ?? '?'}`);
  }
  throw new TidegateFailure(
    'Unavailable',
    `No PostgreSQL server ${OLDEST} or newer on the PATH or in ${DEBIAN}/*/bin` +
      `${seen.length > 0 ? ` (${seen.join('; ')})` : ''}. Install it: apt-get install postgresql (Debian, Ubuntu), ` +
      'brew install postgresql (macOS), and start this again.',
  );
}

function folders(env: Environment): readonly string[] {
  const found = onPath(env, 'postgres');
  return [...(found === null ? [] : [dirname(realpathSync(found))]), ...debianFolders()];
}

function debianFolders(): readonly string[] {
  try {
    const versions = readdirSync(DEBIAN).filter((name) => /^\d+$/.test(name));
    return versions.sort((a, b) => Number(b) - Number(a)).map((version) => join(DEBIAN, version, 'bin'));
  } catch {
    return [];
  }
}

/** `postgres (PostgreSQL) 15.16 (Debian …)` → 15 */
async function majorVersion(postgres: string, env: Environment): Promise<number | null> {
  const { tail } = await runCommand(postgres, ['--version'], { env, timeoutMs: 10_000 });
  const match = /\(PostgreSQL\) (\d+)/.exec(tail);
  return match ? Number(match[1]) : null;
}

/**
 * PostgreSQL refuses to run as root, so root starts it as `postgres`, else as `nobody`, who must be able to reach the folder.
 * @throws TidegateFailure BadPlan when a folder above it lets no other user through
 */
export function serverIdentity(folder: string): Identity {
  if (process.getuid?.() !== 0) return {};
  const identity = accountOf('postgres') ?? accountOf('nobody');
  if (identity === null) {
    throw new TidegateFailure(
      'Unavailable',
      'PostgreSQL does not run as root, and there is no user postgres or nobody here. Start this as an ordinary user.',
    );
  }
  for (let above = dirname(folder); ; above = dirname(above)) {
    if (isClosed(above)) {
      throw new TidegateFailure(
        'BadPlan',
        `PostgreSQL does not run as root but as another user, who cannot reach ${folder}: ${above} lets no other user through. ` +
          `Choose another folder, or: chmod o+x ${above}`,
        { folder, above },
      );
    }
    if (above === dirname(above)) return identity;
  }
}

function accountOf(name: string): Identity | null {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  return uid === undefined || gid === undefined ? null : { uid: Number(uid), gid: Number(gid) };
}

/** Whether others may not pass; what is not there yet is made open. */
function isClosed(folder: string): boolean {
  const found = statSync(folder, { throwIfNoEntry: false });
  return found !== undefined && (found.mode & 0o001) === 0;
}

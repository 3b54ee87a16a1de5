/** What `tidegate init` can find out about a project by itself. */
import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { DEFAULTS } from './defaults';
import { name } from './scalars';

const run = promisify(execFile);

export interface Facts {
  readonly service: string;
  /** Address of the git remote without user and password, or null. */
  readonly remote: string | null;
  readonly branch: string;
  readonly lastTag: string | null;
  readonly versionFile: string;
  readonly changelog: string;
  /** Path of the deploy script, or null when none was found. */
  readonly deployScript: string | null;
  readonly envFiles: boolean;
  readonly zone: string;
}

const SCRIPTS = ['scripts/deploy.sh', 'deploy.sh', 'bin/deploy.sh', 'deploy/deploy.sh'];
const VERSION_FILES = ['package.json', 'VERSION', 'version.txt', 'pyproject.toml', 'Cargo.toml'];

/** Looks at the folder and its git repository; what cannot be found is null or the default. */
export async function collectFacts(cwd: string): Promise<Facts> {
  const [remote, head, lastTag, deployScript, versionFile, changelog, envFile] = await Promise.all([
    git(cwd, ['remote', 'get-url', 'origin']),
    git(cwd, ['symbolic-ref', '--quiet', '--short', 'refs/remotes/origin/HEAD']),
    git(cwd, ['describe', '--tags', '--abbrev=0']),
    firstThere(cwd, SCRIPTS),
    firstThere(cwd, VERSION_FILES),
    firstThere(cwd, [DEFAULTS.changelog]),
    firstThere(cwd, [DEFAULTS.envTemplate]),
  ]);
  const branch = head?.replace(/^origin\//, '') ?? (await git(cwd, ['branch', '--show-current']));
  return {
    service: serviceName(remote ?? resolve(cwd)),
    remote: remote === null ? null : remote.replace(/^(https?:\/\/)[^/@]*@/, '$1'),
    branch: branch ?? DEFAULTS.main,
    lastTag,
    versionFile: versionFile ?? DEFAULTS.versionFile,
    changelog: changelog ?? DEFAULTS.changelog,
    deployScript,
    envFiles: envFile !== null,
    zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  };
}

async function git(cwd: string, args: readonly string[]): Promise<string | null> {
  try {
    const { stdout } = await run('git', [...args], { cwd, timeout: 10_000 });
    return stdout.trim() || null;
  } catch {
    return null; // no repository, no remote, no tag: all the same to the person who starts
  }
}

async function firstThere(cwd: string, paths: readonly string[]): Promise<string | null> {
  for (const path of paths) {
    try {
      await access(join(cwd, path));
      return path;
    } catch {
      continue;
    }
  }
  return null;
}

/** A name the schema accepts, from the last part of an address or path. */
function serviceName(source: string): string {
  const last =
    basename(source.replace(/[\\/]+$/, ''), '.git')
      .split(':')
      .at(-1) ?? '';
  const tame = last
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '')
    .slice(0, 31);
  return name.safeParse(tame).success ? tame : 'service';
}

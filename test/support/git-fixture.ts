import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export interface CommitOptions {
  readonly message?: string;
  readonly author?: string;
  /** Author and committer time, epoch ms. */
  readonly at?: number;
}

/** A real bare repository (`url`) with a person's clone beside it, in one temporary folder. */
export interface GitFixture {
  readonly folder: string;
  readonly url: string;
  /** Plain git in the person's clone; returns what it printed, trimmed. */
  git(...args: string[]): string;
  /** Writes files (null deletes), commits them on a branch (made from `from`, default main) and pushes it. */
  commit(
    branch: string,
    files: Readonly<Record<string, string | null>>,
    options?: CommitOptions & { from?: string },
  ): string;
  push(...args: string[]): void;
  /** The SHA of a ref on the remote, or null. */
  remote(ref: string): string | null;
  /** Installs a server-side hook. */
  hook(name: string, script: string): void;
  destroy(): void;
}

const ENV = {
  PATH: process.env.PATH ?? '',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
  LC_ALL: 'C',
  GIT_AUTHOR_NAME: 'Ann',
  GIT_AUTHOR_EMAIL: 'ann@shop.example',
  GIT_COMMITTER_NAME: 'Ann',
  GIT_COMMITTER_EMAIL: 'ann@shop.example',
};

const START = Date.UTC(2026, 10, 1, 9);

/** The repository of a small shop: version 1.4.2 on main, tagged `v1.4.2`, with a CHANGELOG. */
export function createGitFixture(): GitFixture {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-git-'));
  const url = join(folder, 'shop.git');
  const clone = join(folder, 'clone');
  let now = START;
  const run = (cwd: string, args: readonly string[], env: Record<string, string> = {}) =>
    execFileSync('git', args, {
      cwd,
      env: { ...ENV, ...env },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim();
  const git = (...args: string[]) => run(clone, args);

  function write(files: Readonly<Record<string, string | null>>) {
    for (const [path, content] of Object.entries(files)) {
      const file = join(clone, path);
      mkdirSync(dirname(file), { recursive: true });
      if (content === null) rmSync(file, { recursive: true });
      else writeFileSync(file, content);
    }
  }

  function commit(
    branch: string,
    files: Readonly<Record<string, string | null>>,
    options: CommitOptions & { from?: string } = {},
  ): string {
    const {
      message = `feat: change ${Object.keys(files).join(', ')}`,
      author = 'Ann <ann@shop.example>',
      from = 'main',
    } = options;
    if (git('symbolic-ref', '--short', '-q', 'HEAD') !== branch) {
      const known = git('branch', '--list', branch) !== '';
      git('checkout', '-q', ...(known ? [branch] : ['-b', branch, from]));
    }
    write(files);
    git('add', '-A');
    now = options.at ?? now + 60_000;
    const date = `@${Math.floor(now / 1000)} +0700`;
    run(clone, ['commit', '-q', '--allow-empty', '--author', author, '-m', message], {
      GIT_AUTHOR_DATE: date,
      GIT_COMMITTER_DATE: date,
    });
    git('push', '-q', 'origin', branch);
    return git('rev-parse', 'HEAD');
  }

  run(folder, ['init', '-q', '--bare', '--initial-branch=main', url]);
  run(folder, ['clone', '-q', url, clone]);
  git('symbolic-ref', 'HEAD', 'refs/heads/main');
  commit('main', SHOP, { message: 'feat: open the shop' });
  git('tag', 'v1.4.2');
  git('push', '-q', 'origin', 'v1.4.2');

  return {
    folder,
    url,
    git,
    commit,
    push: (...args) => void git('push', '-q', 'origin', ...args),
    remote: (ref) => run(url, ['for-each-ref', '--format=%(objectname)', '--', ref]) || null,
    hook: (name, script) => {
      mkdirSync(join(url, 'hooks'), { recursive: true });
      writeFileSync(join(url, 'hooks', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    },
    destroy: () => rmSync(folder, { recursive: true, force: true }),
  };
}

const lines = (name: string) => Array.from({ length: 30 }, (_, i) => `${name} line ${i + 1}`).join('\n') + '\n';

export const CHANGELOG = [
  '# Changelog',
  '',
  'All notable changes of the shop.',
  '',
  '## [Unreleased]',
  '',
  '### Added',
  '- A wish list',
  '',
  '## [1.4.2] - 2026-10-30',
  '',
  '### Fixed',
  '- The logo is back',
  '',
  '[1.4.2]: https://shop.example/compare/v1.4.1...v1.4.2',
  '',
].join('\n');

const SHOP = {
  'package.json': '{\n  "name": "shop",\n  "version": "1.4.2",\n  "config": { "version": "1.4.2" }\n}\n',
  'CHANGELOG.md': CHANGELOG,
  'src/cart.js': lines('cart'),
  'src/price.js': lines('price'),
  'scripts/deploy.sh': '#!/bin/sh\nexit 0\n',
};

/** The shop's file `name` with some of its thirty lines replaced. */
export function edited(name: 'cart' | 'price', changes: Readonly<Record<number, string>>): string {
  return lines(name)
    .split('\n')
    .map((line, i) => changes[i + 1] ?? line)
    .join('\n');
}

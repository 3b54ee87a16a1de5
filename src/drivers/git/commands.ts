/**
 * What Tidegate ever asks of git: subcommands and their options, by exact name. git accepts abbreviations
 * (`--upload-p`), so a list of what is forbidden can be walked around; a list of what is used can not (CVE-2026-102827).
 */
const OPTIONS = {
  blame: ['--porcelain', '-L'],
  'cat-file': ['-p', '--batch-check'],
  'checkout-index': ['--all', '--force'],
  'commit-tree': ['-p', '-F'],
  'diff-tree': [
    '--stdin',
    '-r',
    '-z',
    '-p',
    '--root',
    '--name-only',
    '--quiet',
    '--full-index',
    '--no-ext-diff',
    '--no-textconv',
    '--no-renames',
    '--no-color',
  ],
  fetch: ['--prune', '--no-tags', '--no-write-fetch-head', '--no-recurse-submodules', '--quiet', '--force'],
  'hash-object': ['-w', '--stdin', '--no-filters'],
  init: ['--bare', '--quiet', '--template', '--initial-branch'],
  log: ['-z', '--format', '--date', '--no-merges', '--no-show-signature', '--topo-order', '--max-count'],
  'ls-remote': ['--quiet'],
  'ls-tree': ['-r', '-z', '--full-tree', '--name-only'],
  'merge-base': ['--is-ancestor'],
  'merge-tree': ['--write-tree', '-z', '--name-only', '--no-messages'],
  mktag: [],
  'patch-id': ['--stable'],
  push: ['--porcelain', '--atomic', '--no-verify', '--no-recurse-submodules', '--force-with-lease'],
  'read-tree': [],
  'rev-parse': ['--verify', '--quiet'],
  'update-index': ['-z', '--index-info'],
  'update-ref': ['--stdin', '-z'],
  'write-tree': [],
} as const satisfies Record<string, readonly string[]>;

export type Subcommand = keyof typeof OPTIONS;

const SEPARATORS: readonly string[] = ['--', '--end-of-options'];
const OBJECT = /^\^?[0-9a-f]{40,64}(?:\^\{tree\}|\^)?$/;
const VALUE = /^(?:\d+|\d+,\d+|-)$/;

/**
 * Lets pass only known options, objects by SHA and plain numbers before a separator; names and paths come after it.
 * A breach is a mistake in our own code, hence a plain Error.
 */
export function guard(subcommand: Subcommand, args: readonly string[]): void {
  const allowed: readonly string[] = OPTIONS[subcommand];
  for (const arg of args) {
    if (SEPARATORS.includes(arg)) return;
    const option = arg.split('=', 1)[0] ?? arg;
    if (!allowed.includes(option) && !OBJECT.test(arg) && !VALUE.test(arg)) {
      throw new Error(
        `git ${subcommand} is never called with ${JSON.stringify(arg)}: it is not on the list of options`,
      );
    }
  }
}

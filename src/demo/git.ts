import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Who writes a commit, and when: the demo's history has the same commits on every machine. */
export interface Signature {
  readonly name: string;
  readonly email: string;
  /** ISO 8601. */
  readonly date: string;
}

/** Nothing of the machine's own git settings reaches the demo: same commits, no hooks, no prompts, no signing. */
const HERMETIC = {
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
  LC_ALL: 'C',
};

function signed({ name, email, date }: Signature): Record<string, string> {
  return {
    GIT_AUTHOR_NAME: name,
    GIT_AUTHOR_EMAIL: email,
    GIT_AUTHOR_DATE: date,
    GIT_COMMITTER_NAME: name,
    GIT_COMMITTER_EMAIL: email,
    GIT_COMMITTER_DATE: date,
  };
}

/** Runs git in a folder and answers its output, trimmed. @throws Error with git's own words */
export type Git = (folder: string, args: readonly string[], signature?: Signature) => Promise<string>;

/** `programs` is the PATH on which git is found. */
export const createGit =
  (programs: string): Git =>
  async (folder, args, signature) => {
    const env = { PATH: programs, HOME: folder, ...HERMETIC, ...(signature ? signed(signature) : {}) };
    const { stdout } = await run('git', ['-c', 'core.hooksPath=/dev/null', ...args], { cwd: folder, env });
    return stdout.trim();
  };

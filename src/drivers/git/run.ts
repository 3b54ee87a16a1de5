import { TidegateFailure } from '../../domain/failures';
import { guard, type Subcommand } from './commands';

export interface RunOptions {
  readonly input?: string | Buffer;
  readonly env?: Readonly<Record<string, string>>;
  /** Folder that `checkout-index` writes to. */
  readonly workTree?: string;
  /** Exit codes that are answers, not failures; default 0 alone. */
  readonly ok?: readonly number[];
}

export interface Outcome {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** System git on one bare repository: argument arrays, a closed list of options, no hooks, no prompts, a time limit. */
export interface Git {
  /** Runs to any exit code. @throws Unavailable when git is missing or the time is up */
  run(subcommand: Subcommand, args: readonly string[], options?: RunOptions): Promise<Outcome>;
  /** What git prints, when it ends with an expected code. @throws Unavailable */
  bytes(subcommand: Subcommand, args: readonly string[], options?: RunOptions): Promise<Buffer>;
  text(subcommand: Subcommand, args: readonly string[], options?: RunOptions): Promise<string>;
}

/** Author and committer of what Tidegate writes itself. */
export const IDENTITY = { name: 'Tidegate', email: 'tidegate@localhost' } as const;

const MAX_OUTPUT = 512 * 1024 * 1024;
const KILL_AFTER_MS = 2_000;

const SETTINGS = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.protectHFS=true',
  'core.protectNTFS=true',
  'core.quotePath=false',
  // A hung connection ends by itself, also when the worker that started it is gone (F14).
  'core.sshCommand=ssh -o BatchMode=yes -o ConnectTimeout=15 -o ServerAliveInterval=10 -o ServerAliveCountMax=3',
  'http.lowSpeedLimit=1000',
  'http.lowSpeedTime=30',
  // Housekeeping in the foreground: no process stays behind.
  'gc.autoDetach=false',
  'push.gpgSign=false',
  'push.followTags=false',
].flatMap((setting) => ['-c', setting]);

/** The worker's environment without what would redirect git or bend its answers; credentials (ssh agent, askpass) stay. */
const NEUTRAL_ENV = {
  ...Object.fromEntries(
    [
      'GIT_DIR',
      'GIT_WORK_TREE',
      'GIT_INDEX_FILE',
      'GIT_OBJECT_DIRECTORY',
      'GIT_ALTERNATE_OBJECT_DIRECTORIES',
      'GIT_COMMON_DIR',
      'GIT_NAMESPACE',
      'GIT_CONFIG',
      'GIT_CONFIG_PARAMETERS',
      'GIT_CONFIG_COUNT',
      'GIT_CEILING_DIRECTORIES',
      'GIT_DIFF_OPTS',
      'GIT_EXTERNAL_DIFF',
      'GIT_PROXY_COMMAND',
      'GIT_EXEC_PATH',
      'GIT_TEMPLATE_DIR',
    ].map((name) => [name, undefined]),
  ),
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_ATTR_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_LITERAL_PATHSPECS: '1',
  GIT_NO_REPLACE_OBJECTS: '1',
  LC_ALL: 'C',
  TZ: 'UTC',
};

/** The one way this driver starts git. `protocol` is the only transport it may use; `timeoutMs` bounds every call. */
export function createGit(dir: string, protocol: string, timeoutMs: number): Git {
  async function run(subcommand: Subcommand, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    guard(subcommand, args);
    const workTree = options.workTree === undefined ? [] : [`--work-tree=${options.workTree}`];
    const all = [...SETTINGS, `--git-dir=${dir}`, ...workTree, subcommand, ...args];
    const outcome = await spawn(
      all,
      { ...NEUTRAL_ENV, GIT_ALLOW_PROTOCOL: protocol, ...options.env },
      options.input,
      timeoutMs,
    );
    if (outcome === 'late') {
      throw new TidegateFailure(
        'Unavailable',
        `git ${subcommand} did not end within ${timeoutMs / 1000} s and was stopped; it is tried again. Look at the git remote.`,
      );
    }
    return outcome;
  }

  async function bytes(subcommand: Subcommand, args: readonly string[], options: RunOptions = {}): Promise<Buffer> {
    const outcome = await run(subcommand, args, options);
    if ((options.ok ?? [0]).includes(outcome.code)) return outcome.stdout;
    throw new TidegateFailure('Unavailable', `git ${subcommand} did not work: ${complaint(outcome.stderr)}`, {
      code: outcome.code,
    });
  }

  return { run, bytes, text: async (...call) => (await bytes(...call)).toString('utf8') };
}

async function spawn(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  input: string | Buffer | undefined,
  timeoutMs: number,
): Promise<Outcome | 'late'> {
  const { execa } = await import('execa');
  const child = execa('git', args, {
    env,
    encoding: 'buffer',
    reject: false,
    stripFinalNewline: false,
    maxBuffer: MAX_OUTPUT,
    // A group of its own: what git starts (ssh, a local receive-pack and its hooks) is stopped with it.
    detached: true,
    ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
  });
  const timers = stopAfter(timeoutMs, child.pid);
  const result = await child.finally(() => timers.forEach(clearTimeout));
  if (result.code === 'ENOENT') {
    throw new TidegateFailure('Unavailable', 'git was not found on the PATH; install git 2.38 or newer.');
  }
  if (result.isTerminated || result.exitCode === undefined) return 'late';
  return {
    code: result.exitCode,
    stdout: Buffer.from(result.stdout),
    stderr: Buffer.from(result.stderr).toString('utf8'),
  };
}

function stopAfter(timeoutMs: number, pid: number | undefined): readonly NodeJS.Timeout[] {
  if (pid === undefined) return [];
  const stop = (signal: NodeJS.Signals) => () => {
    try {
      process.kill(-pid, signal);
    } catch {
      // The group ended in the meantime.
    }
  };
  return [setTimeout(stop('SIGTERM'), timeoutMs), setTimeout(stop('SIGKILL'), timeoutMs + KILL_AFTER_MS)];
}

/** The sentence in git's complaint: last meaningful lines, without passwords in URLs and control characters. */
export function complaint(stderr: string): string {
  const lines = stderr
    .replace(/\/\/[^/\s@]+@/g, '//')
    // eslint-disable-next-line no-control-regex -- terminal escapes come from the other side
    .replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('hint:'));
  const remote = lines.filter((line) => line.startsWith('remote:')).map((line) => line.slice('remote:'.length).trim());
  const told =
    remote.filter((line) => line !== '').join(' ') ||
    (lines.find((line) => /^(?:fatal|error):/.test(line)) ?? lines.at(-1));
  return (told ?? 'git gave no reason').slice(0, 500);
}

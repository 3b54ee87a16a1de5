import type { Environment } from './cache';
import { runCommand } from './command';
import type { Say } from './ladder';

const MINUTE = 60_000;

export interface GoInstall {
  /** The `go` command. */
  readonly go: string;
  /** Module path with its version; more than one must be of the same module. */
  readonly packages: readonly string[];
  /** Where the executables go. */
  readonly folder: string;
  /** Whose progress it is, in the words people read. */
  readonly what: string;
  readonly env: Environment;
  readonly say: Say;
}

/** Builds executables from a Go module and tells of the progress. @throws Error with the last words of `go install` */
export async function goInstall({ go, packages, folder, what, env, say }: GoInstall): Promise<void> {
  const startedAt = Date.now();
  let compiled = 0;
  const progress = setInterval(() => {
    const seconds = Math.round((Date.now() - startedAt) / 1000);
    say(`${what}: still building, ${seconds} s, ${compiled} packages compiled so far …`);
  }, 10_000);
  const result = await runCommand(go, ['install', '-v', ...packages], {
    env: { ...env, GOBIN: folder },
    timeoutMs: 30 * MINUTE,
    onLine: (line) => (compiled += line.startsWith('go: ') ? 0 : 1),
  });
  clearInterval(progress);
  if (result.code !== 0)
    throw new Error(`go install ended with ${result.code ?? 'no exit code'}: ${lastLine(result.tail)}`);
}

const lastLine = (text: string): string => text.trimEnd().split('\n').at(-1) ?? '';

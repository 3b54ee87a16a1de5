/** How a command ends: the exit codes that scripts rely on (4-interfaces §5). */
import type { ProblemBody } from '../api/schemas/common';

export const EXIT = {
  ok: 0,
  error: 1,
  usage: 2,
  /** The run ended badly: rolled back, aborted, rejected. */
  endedBadly: 3,
  auth: 4,
  /** Refused by policy: frozen, four-eyes, stale, wrong state. */
  refused: 5,
  notFound: 6,
  stillWaiting: 8,
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends a command with a sentence; `document` is what `--json` prints in its place. */
export class CliFailure extends Error {
  override readonly name = 'CliFailure';
  constructor(
    readonly exit: ExitCode,
    sentence: string,
    readonly document: Readonly<Record<string, unknown>> = {},
  ) {
    super(sentence);
  }
}

/** The exit code of an API answer. */
export function exitOf(status: number): ExitCode {
  switch (status) {
    case 401:
      return EXIT.auth;
    case 403:
    case 409:
    case 423:
      return EXIT.refused;
    case 404:
      return EXIT.notFound;
    case 400:
    case 405:
    case 413:
    case 415:
    case 422:
      return EXIT.usage;
    default:
      return status < 400 ? EXIT.ok : EXIT.error;
  }
}

/** A problem of the API as the end of a command. */
export function problemFailure(problem: Partial<ProblemBody> & { readonly status: number }): CliFailure {
  const exit = problem.code === 'no-access' ? EXIT.auth : exitOf(problem.status);
  return new CliFailure(exit, problem.detail ?? `The API answered ${problem.status}.`, problem);
}

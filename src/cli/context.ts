/** What a command works with, and how its end becomes output and an exit code. */
import { CommanderError, InvalidArgumentError, type Command } from 'commander';
import { ConfigError } from '../config/problems';
import { processVariables } from '../config/process-env';
import { durationMs } from '../config/scalars';
import { loadSettings, type SettingFlags, type Settings } from '../config/settings';
import { createClient, type ApiClient } from './client';
import { CliFailure, EXIT, type ExitCode } from './exit';
import { coloursFor, plain, type Colours } from './terminal';

/** The streams and the terminal around the process. */
export interface Io {
  readonly out: { write(text: string): unknown; readonly isTTY?: boolean; readonly columns?: number };
  readonly err: { write(text: string): unknown };
  readonly cwd: string;
  setExit(code: number): void;
}

export interface Context {
  readonly io: Io;
  readonly json: boolean;
  readonly settings: Settings;
  readonly api: ApiClient;
  readonly colours: Colours;
  /** A line of a command that prints as it goes: standard output, or standard error under `--json`. */
  line(text: string): void;
  /** Talk that is no result: standard error. */
  note(text: string): void;
}

/** The result of a command in both its forms. */
export interface Outcome {
  /** Undefined: it has been printed as it went, line by line. */
  readonly json: unknown;
  /** Without a line break at the end; null: everything has been printed as it went. */
  readonly text: string | null;
  readonly exit?: ExitCode;
}

type Options = Readonly<Record<string, unknown>>;
type Act = (context: Context, args: readonly string[], options: Options) => Promise<Outcome>;

export function createContext(io: Io, options: Options): Context {
  const flags = options as SettingFlags;
  const settings = loadSettings(flags, processVariables());
  const json = options['json'] === true;
  const terminal = io.out.isTTY === true && !processVariables()['NO_COLOR'];
  return {
    io,
    json,
    settings,
    api: createClient(settings.url, settings.token?.reveal() ?? null),
    colours: coloursFor(terminal && !json),
    line: (text) => void (json ? io.err : io.out).write(`${text}\n`),
    note: (text) => void io.err.write(`${text}\n`),
  };
}

/** Makes a function the action of a command: one JSON document or one text, and the exit code. */
export function doing(io: Io, act: Act): (...params: unknown[]) => Promise<void> {
  return async (...params) => {
    const command = params.at(-1) as Command;
    const options = command.optsWithGlobals<Options>();
    const { json, text, exit = EXIT.ok } = await act(createContext(io, options), command.args, options);
    if (options['json'] === true && json !== undefined) printJson(io, json);
    else if (options['json'] !== true && text !== null) io.out.write(`${text}\n`);
    io.setExit(exit);
  };
}

export function printJson(io: Io, document: unknown): void {
  io.out.write(`${JSON.stringify(document, null, 2)}\n`);
}

/** Prints why a command did not work, in the form that was asked for, and answers the exit code. */
export function fail(io: Io, error: unknown, json: boolean): ExitCode {
  // Commander has printed its own sentence already.
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return EXIT.ok;
    if (json) printJson(io, { code: 'usage', detail: plain(error.message), exitCode: EXIT.usage });
    return EXIT.usage;
  }
  const { exit, sentence, document } = explained(error);
  io.err.write(`tidegate: ${plain(sentence)}\n`);
  if (json) printJson(io, { ...document, detail: sentence, exitCode: exit });
  return exit;
}

function explained(error: unknown): { exit: ExitCode; sentence: string; document: object } {
  if (error instanceof CliFailure) {
    return { exit: error.exit, sentence: error.message, document: { code: 'failed', ...error.document } };
  }
  if (error instanceof ConfigError) {
    return {
      exit: EXIT.usage,
      sentence: `the configuration is not valid.\n${error.message}`,
      document: { code: 'config', problems: error.problems },
    };
  }
  const sentence = error instanceof Error ? error.message : String(error);
  return { exit: EXIT.error, sentence, document: { code: 'failed' } };
}

/** A duration given on the command line, in ms. */
export function durationOption(value: string): number {
  if (/^\d{1,6}(\.\d{1,3})?(ms|s|m|h|d)$/.test(value)) return durationMs(value);
  throw new InvalidArgumentError('Allowed: a duration such as 90s, 15m, 1h.');
}

export function text(options: Options, name: string): string | undefined {
  const value = options[name];
  return typeof value === 'string' ? value : undefined;
}

export function number(options: Options, name: string): number | undefined {
  const value = options[name];
  return typeof value === 'number' ? value : undefined;
}

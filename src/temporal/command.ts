import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Environment } from './cache';

export interface CommandResult {
  /** Exit code; null when the command could not be started or was ended by its time limit. */
  readonly code: number | null;
  /** The last lines of both outputs, for a sentence about a failure. */
  readonly tail: string;
}

export interface CommandOptions {
  readonly env: Environment;
  readonly timeoutMs: number;
  readonly onLine?: (line: string) => void;
}

const TAIL_LINES = 20;

/** Runs a command to its end; never throws, never uses a shell. */
export function runCommand(command: string, args: readonly string[], options: CommandOptions): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { env: options.env, stdio: ['ignore', 'pipe', 'pipe'] });
    const tail: string[] = [];
    const keep = (line: string): void => {
      tail.push(line);
      if (tail.length > TAIL_LINES) tail.shift();
      options.onLine?.(line);
    };
    createInterface({ input: child.stdout }).on('line', keep);
    createInterface({ input: child.stderr }).on('line', keep);
    const limit = setTimeout(() => {
      keep(`ended after its limit of ${Math.round(options.timeoutMs / 60_000)} min`);
      child.kill('SIGKILL');
    }, options.timeoutMs);
    const finish = (code: number | null): void => {
      clearTimeout(limit);
      resolve({ code, tail: tail.join('\n') });
    };
    child.once('error', (error) => {
      keep(error.message);
      finish(null);
    });
    child.once('close', (code) => finish(code));
  });
}

/** The full path of a program on PATH, or null. */
export function onPath(env: Environment, program: string): string | null {
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, program)).find(isExecutable) ?? null;
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

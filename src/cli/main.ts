#!/usr/bin/env node
/** The command `tidegate`: hands the process to the program and takes back an exit code. */
import { EXIT } from './exit';
import { runCli } from './program';

// A reader that went away (`tidegate bug list | head -1`) is no error of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) =>
  process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.error),
);
// Roles bring their own handlers and drain first; every other command may end where it stands.
process.on('SIGINT', () => {
  if (process.listenerCount('SIGINT') === 1) process.exit(EXIT.interrupted);
});

void runCli(process.argv.slice(2), {
  out: process.stdout,
  err: process.stderr,
  cwd: process.cwd(),
  setExit: (code) => {
    process.exitCode = code;
  },
});

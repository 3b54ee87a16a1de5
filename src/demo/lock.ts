import { open, readFile, rm } from 'node:fs/promises';

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The demo that holds the file, when it is alive. */
async function holder(file: string): Promise<number | null> {
  const pid = Number((await readFile(file, 'utf8').catch(() => '')).trim());
  return Number.isSafeInteger(pid) && pid > 0 && pid !== process.pid && isAlive(pid) ? pid : null;
}

/** Two demos on one state folder would deploy over each other. Answers how to give the lock back. @throws when taken */
export async function lockState(file: string): Promise<() => Promise<void>> {
  const other = await holder(file);
  if (other !== null) {
    throw new Error(
      `A demo runs here already (process ${other}). Stop it with Ctrl-C first; if it is something else, remove ${file}.`,
    );
  }
  await rm(file, { force: true });
  // `wx` fails when another demo began in the same instant.
  const handle = await open(file, 'wx', 0o600);
  await handle.writeFile(`${process.pid}\n`);
  await handle.close();
  return () => rm(file, { force: true });
}

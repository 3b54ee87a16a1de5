/** Files that are there whole or not at all, also after a power cut. */
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { link, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : '';

/** Puts the text in place of what is there. */
export async function replaceFile(path: string, text: string): Promise<void> {
  await place(path, text, (temporary) => rename(temporary, path));
}

/** Makes the file unless its name is taken, in one step that no other process can get between. False when taken. */
export async function createFile(path: string, text: string): Promise<boolean> {
  try {
    await place(path, text, (temporary) => link(temporary, path));
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

async function place(path: string, text: string, move: (temporary: string) => Promise<void>): Promise<void> {
  const folder = dirname(path);
  // In the same folder, or the move would be a copy; a leading dot keeps it out of the list of reports.
  const temporary = join(folder, `.${basename(path)}.${randomUUID()}.tmp`);
  try {
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await move(temporary);
  } finally {
    await rm(temporary, { force: true });
  }
  await syncFolder(folder);
}

/** The new name itself must survive a power cut too. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The text of a regular file, or null when there is none; a symbolic link is none. */
export async function readIfThere(path: string): Promise<string | null> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      return await file.readFile('utf8');
    } finally {
      await file.close();
    }
  } catch (error) {
    if (['ENOENT', 'ELOOP', 'EISDIR', 'ENOTDIR'].includes(codeOf(error))) return null;
    throw error;
  }
}

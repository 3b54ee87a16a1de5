import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheEntry, type Environment } from './cache';
import { firstLine, found, type Found, type Missing, missing } from './ladder';

export interface DownloadRequest {
  readonly kind: 'dev-server' | 'time-skipping';
  readonly env: Environment;
  /** Name of the cache entry to make. */
  readonly entry: string;
  /** Name of the executable inside the entry. */
  readonly fileName: string;
}

/**
 * Lets the SDK download its own ephemeral server and keeps the file in our cache.
 * The SDK downloads only as a part of starting, so the server is started once and stopped again.
 */
export async function downloadExecutable(request: DownloadRequest): Promise<Found<string> | Missing> {
  try {
    const entry = await cacheEntry(request.env, request.entry, async (folder) => {
      await startOnce(request.kind, folder);
      const [file] = await readdir(folder);
      if (file === undefined) throw new Error('the download left no file');
      await rename(join(folder, file), join(folder, request.fileName));
    });
    return found(join(entry, request.fileName));
  } catch (error) {
    return missing(`it did not work (${firstLine(error)})`);
  }
}

async function startOnce(kind: DownloadRequest['kind'], downloadDir: string): Promise<void> {
  // Loaded late: it brings the SDK's native core, which most commands never need.
  const { TestWorkflowEnvironment } = await import('@temporalio/testing');
  const server = { executable: { type: 'cached-download', downloadDir } } as const;
  const environment =
    kind === 'dev-server'
      ? await TestWorkflowEnvironment.createLocal({ server })
      : await TestWorkflowEnvironment.createTimeSkipping({ server });
  await environment.teardown();
}

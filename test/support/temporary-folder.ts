import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A fresh folder outside the repository; the caller removes it. */
export async function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'tidegate-test-'));
}

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findCli } from '../../src/temporal/cli';
import { findTestServer } from '../../src/temporal/test-server';
import { temporaryFolder } from './temporary-folder';

/**
 * Obtains both Temporal executables once for all test files, so that they need not race for a build or a download.
 * What cannot be obtained stays unset: the tests that need it then fail with the finder's own sentence.
 */
export default async function globalSetup(): Promise<void> {
  process.env.TIDEGATE_TEST_BUNDLE = await bundleWorkflows();
  const reasons: string[] = [];
  const say = (line: string): void => {
    reasons.push(line);
    if (line.includes('…') || line.includes('once')) process.stderr.write(`${line}\n`);
  };
  try {
    process.env.TEMPORAL_CLI = (await findCli(process.env, say)).path;
    process.env.TEMPORAL_TEST_SERVER = (await findTestServer(process.env, say)).path;
  } catch (error) {
    process.stderr.write(`${reasons.join('\n')}\n${String(error)}\n`);
  }
}

/** The workflows as `npm run build` makes them, once for all test files. */
async function bundleWorkflows(): Promise<string> {
  const build = (await import(join(__dirname, '../../scripts/bundle.mjs'))) as { bundleWorkflows(): Promise<string> };
  const path = join(await temporaryFolder(), 'workflow-bundle.js');
  await writeFile(path, await build.bundleWorkflows());
  return path;
}

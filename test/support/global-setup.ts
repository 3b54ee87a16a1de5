import { findCli } from '../../src/temporal/cli';
import { findTestServer } from '../../src/temporal/test-server';

/**
 * Obtains both Temporal executables once for all test files, so that they need not race for a build or a download.
 * What cannot be obtained stays unset: the tests that need it then fail with the finder's own sentence.
 */
export default async function globalSetup(): Promise<void> {
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

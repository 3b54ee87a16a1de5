import { rm } from 'node:fs/promises';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { obtainTemporal } from '../../src/temporal/obtain';
import { SEARCH_ATTRIBUTES } from '../../src/domain/ids';
import { findTestServer } from '../../src/temporal/test-server';
import { temporaryFolder } from './temporary-folder';

/** Answers the running environment; only inside tests and hooks, where it has started. */
export type RunningEnvironment = () => TestWorkflowEnvironment;

/** The type of every attribute, as the wire counts it. */
const KEYWORD = 2;
const START_LIMIT_MS = 120_000;

/**
 * A real Temporal dev server for one test file, on its own port, with the namespace `default` and Tidegate's search attributes.
 * Call it once at the top of the file: it starts before the first test and ends after the last.
 */
export function devServer(): RunningEnvironment {
  return managed(async () => {
    const stateDir = await temporaryFolder();
    const temporal = await obtainTemporal({
      mode: 'own',
      stateDir,
      namespace: 'default',
      ui: false,
      searchAttributes: SEARCH_ATTRIBUTES,
      env: process.env,
      say: () => undefined,
    });
    const environment = await TestWorkflowEnvironment.createFromExistingServer({ address: temporal.address });
    const stop = async (): Promise<void> => {
      await environment.teardown();
      await temporal.stop();
      await rm(stateDir, { recursive: true, force: true });
    };
    return { environment, stop };
  });
}

/**
 * Temporal's time-skipping server for one test file: timers pass at once while a result is awaited.
 * Activities still see the real clock, and there are no Schedules. Call it once at the top of the file.
 */
export function timeSkipping(): RunningEnvironment {
  return managed(async () => {
    const { path } = await findTestServer(process.env, () => undefined);
    const environment = await startedInTime(path);
    // This server cannot list them, only take them.
    await environment.connection.operatorService.addSearchAttributes({
      namespace: 'default',
      searchAttributes: Object.fromEntries(SEARCH_ATTRIBUTES.map((name) => [name, KEYWORD])),
    });
    return { environment, stop: () => environment.teardown() };
  });
}

/** The SDK waits five seconds for the server; a busy machine may need another try. */
async function startedInTime(path: string, tries = 4): Promise<TestWorkflowEnvironment> {
  try {
    return await TestWorkflowEnvironment.createTimeSkipping({
      server: { executable: { type: 'existing-path', path } },
    });
  } catch (error) {
    if (tries <= 1) throw error;
    return startedInTime(path, tries - 1);
  }
}

interface Managed {
  readonly environment: TestWorkflowEnvironment;
  stop(): Promise<void>;
}

function managed(start: () => Promise<Managed>): RunningEnvironment {
  let running: Managed | null = null;
  beforeAll(async () => {
    quietRuntime();
    running = await start();
  }, START_LIMIT_MS);
  afterAll(() => running?.stop(), START_LIMIT_MS);
  return () => {
    if (running === null)
      throw new Error('The Temporal environment has not started; ask for it inside a test or hook.');
    return running.environment;
  };
}

/** One line per worker and poll would bury the test report; warnings and errors stay. */
function quietRuntime(): void {
  Runtime.install({ logger: new DefaultLogger('WARN') });
}

/**
 * A worker process of a case: loads the product ahead, waits for its plan, and runs the real worker role with its ports
 * instrumented. It ends with the lane that started it.
 */
import { appendFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { destination } from 'pino';
import { createLogger } from '../../src/api/logger';
import { loadConfig } from '../../src/config/load';
import { trusting } from '../../src/wiring/signing';
import { startWorker } from '../../src/worker';
import { instrumented, type Pass } from './instrument';
import { openCaseLedger } from './case-ledger';
import { momentOf, type Moment } from './points';
import type { FromWorker, ToWorker, WorkerPlan } from './worker-plan';

process.once('disconnect', () => process.exit(1));

const say = (message: FromWorker): void => void process.send?.(message);
const lettingGo: (() => void)[] = [];

/** Halts at one moment, once, until the lane says go. */
function haltingAt(moment: Moment | null): Pass {
  let halted = false;
  return async (when, point) => {
    if (halted || momentOf(when, point) !== moment) return;
    halted = true;
    const go = new Promise<void>((resolve) => lettingGo.push(resolve));
    say({ reached: moment });
    await go;
  };
}

/** Before there is a worker to drain. */
const leave = (): never => process.exit(0);
process.once('SIGTERM', leave);

async function run(plan: WorkerPlan): Promise<void> {
  const { config, stateDir, temporal, bundle, halt, unguarded } = plan;
  const logger = createLogger('info', destination({ dest: join(stateDir, 'worker.log'), sync: true }));
  Runtime.install({
    shutdownSignals: [],
    logger: new DefaultLogger('WARN', ({ level, message, meta }) =>
      appendFileSync(join(stateDir, 'temporal.log'), `${level} ${message} ${JSON.stringify(meta ?? {})}\n`),
    ),
  });
  const pass = haltingAt(halt);
  const services = loadConfig({ configPath: config, cwd: stateDir, variables: {}, secrets: 'require' });
  const worker = await startWorker({
    services: trusting(services, plan.signers),
    only: null,
    temporal: { ...temporal, options: {} },
    ledger: await openCaseLedger(plan.ledger),
    stateDir,
    logger,
    workflows: { workflowBundle: { codePath: bundle } },
    instrument: (deps) => instrumented(deps, pass, unguarded ? dirname(stateDir) : null),
  });
  process.removeListener('SIGTERM', leave).once('SIGTERM', () => void worker.stop().then(() => process.exit(0)));
  say({ up: true });
  await worker.ended;
}

process.on('message', (message: ToWorker) => {
  if ('go' in message) for (const release of lettingGo.splice(0)) release();
  else {
    run(message.start).catch((error: unknown) => {
      say({ failed: error instanceof Error ? (error.stack ?? error.message) : String(error) });
      process.exit(1);
    });
  }
});
say({ ready: true });

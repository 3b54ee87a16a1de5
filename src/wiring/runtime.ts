/** Temporal's native side of a process, which there is one of: its lines go into our log, its figures beside ours. */
import { DefaultLogger, Runtime, type RuntimeOptions } from '@temporalio/worker';
import type { Logger } from 'pino';
import { freePort, LOOPBACK } from '../temporal/ports';

const SCRAPE_MS = 2_000;

/** Installs the runtime with our log. Before the first worker or native connection of the process. */
export function installRuntime(logger: Logger, telemetryOptions: RuntimeOptions['telemetryOptions'] = {}): void {
  Runtime.install({ logger: temporalLogger(logger), telemetryOptions });
}

/**
 * The same with figures: the SDK shows them on a port of its own, so that port is one of loopback that nobody needs to
 * know. Answers how to read them.
 */
export async function installMeasuredRuntime(logger: Logger): Promise<() => Promise<string>> {
  const bindAddress = `${LOOPBACK}:${await freePort(null)}`;
  const style = { countersTotalSuffix: true, unitSuffix: true, useSecondsForDurations: true };
  installRuntime(logger, { metrics: { prometheus: { bindAddress, ...style } } });
  return async () => (await fetch(`http://${bindAddress}/metrics`, { signal: AbortSignal.timeout(SCRAPE_MS) })).text();
}

function temporalLogger(logger: Logger): DefaultLogger {
  return new DefaultLogger('INFO', ({ level, message, meta }) => {
    const write = level === 'ERROR' ? logger.error : level === 'WARN' ? logger.warn : logger.info;
    write.call(logger, { ...meta }, message);
  });
}

import type { Logger } from 'pino';

/**
 * A mistake that nobody caught leaves a process in a state that nobody knows: it is logged, redacted as every line is,
 * and the process ends with 1 at once (6-faults E15). Scripts go on, and the next worker adopts them.
 */
export function endOnMistakes(logger: Logger): void {
  const end = (kind: string) => (error: unknown) => {
    logger.fatal({ err: error }, `Tidegate ends: ${kind}`);
    process.exit(1);
  };
  process.once('unhandledRejection', end('a rejection that nobody handled'));
  process.once('uncaughtException', end('an error that nobody caught'));
}

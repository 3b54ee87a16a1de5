import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkerOptions } from '@temporalio/worker';
import { TidegateFailure } from '../domain/failures';

/**
 * The prebuilt workflow bundle beside the compiled code; a worker without it must not guess (3-architecture §3 rule 10).
 * The sealed one puts the messages of failures into payloads, which only a process with a key can show; the traced one
 * tells OpenTelemetry what it does.
 */
export function workflowBundle(kind: {
  readonly sealed: boolean;
  readonly traced: boolean;
}): NonNullable<WorkerOptions['workflowBundle']> {
  const name = ['workflow-bundle', ...(kind.sealed ? ['sealed'] : []), ...(kind.traced ? ['traced'] : [])].join('-');
  const codePath = join(__dirname, '..', '..', `${name}.js`);
  if (existsSync(codePath)) return { codePath };
  throw new TidegateFailure('BadPlan', `The workflow bundle ${codePath} is missing: run npm run build.`);
}

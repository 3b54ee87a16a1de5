// The workflow code as a worker loads it: for `npm run build`, and for the tests, which run what is built.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const INTERCEPTORS = '@temporalio/interceptors-opentelemetry/lib/workflow-interceptors';

/**
 * Whether failures are sealed, and whether OpenTelemetry hears of a run, is a matter of the bundle: workflows run apart
 * from whoever knows the keys and the endpoint. Who wants neither does not load it.
 */
export async function bundleWorkflows({ sealed = false, traced = false } = {}) {
  const { bundleWorkflowCode, DefaultLogger } = await import('@temporalio/worker');
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(root, 'src/workflows/index.ts'),
    payloadConverterPath: join(root, 'src/codec/payload-converter.ts'),
    failureConverterPath: sealed ? join(root, 'src/codec/failure-converter.ts') : undefined,
    workflowInterceptorModules: traced ? [INTERCEPTORS] : [],
    ignoreModules: ['crypto'],
    // One copy for all runs of a worker: what a run has for itself would be compiled anew for its first signature.
    preloadModules: ['tweetnacl'],
    logger: new DefaultLogger('WARN'),
  });
  // zod costs every worker about a second at its start; workflows take parsed values.
  if (code.includes('node_modules/zod/'))
    throw new Error('zod is in the workflow bundle: a workflow imports what parses.');
  return withoutSources(withLocalGlobals(code));
}

/**
 * In the workflow sandbox every look at a global goes through an interceptor: with its thousands of `Math.floor` a signature
 * took 58 ms of CPU, with a `Math` of its own it takes 9 (P1). On the same line, so that stack traces stay true.
 */
function withLocalGlobals(code) {
  const head = "(function(nacl) {\n'use strict';";
  if (!code.includes(head))
    throw new Error('The workflow bundle does not hold tweetnacl in the shape that was expected.');
  const globals = ['Math', 'Float64Array', 'Uint8Array', 'Int32Array', 'Uint32Array'];
  return code.replace(head, `${head} const { ${globals.join(', ')} } = globalThis;`);
}

/** Stack traces need the map's positions, not a second copy of every source: every worker would load it (P9). */
function withoutSources(code) {
  const [, head, map] = /^(.*\n\/\/# sourceMappingURL=data:[^,]*;base64,)([\w+/=]+)\s*$/s.exec(code) ?? [];
  if (map === undefined) throw new Error('The workflow bundle carries no source map where it was expected.');
  const positions = { ...JSON.parse(Buffer.from(map, 'base64').toString('utf8')), sourcesContent: undefined };
  return `${head}${Buffer.from(JSON.stringify(positions)).toString('base64')}\n`;
}

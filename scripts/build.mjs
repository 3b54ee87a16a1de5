// `npm run build`: compiles src/ and scripts/ into dist/ and bundles the workflows into dist/workflow-bundle.js.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const stamp = join(dist, '.stamp');
const INTERCEPTORS = '@temporalio/interceptors-opentelemetry/lib/workflow-interceptors';
const INPUTS = ['src', 'scripts', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json'];

/** Builds when an input differs from what dist/ was made of. */
export async function buildWhenStale() {
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint()) return;
  process.stderr.write('Tidegate: building …\n');
  await build();
}

async function build() {
  const made = fingerprint();
  rmSync(dist, { recursive: true, force: true });
  const { status } = spawnSync(
    process.execPath,
    [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'],
    {
      cwd: root,
      stdio: ['ignore', 2, 2],
    },
  );
  if (status !== 0) throw new Error('The build stopped: TypeScript found the mistakes above.');
  // What is not TypeScript, such as the sample shop, goes along as it is.
  cpSync(join(root, 'src'), join(dist, 'src'), { recursive: true, filter: (path) => !path.endsWith('.ts') });
  // `npx tidegate` runs the file itself.
  chmodSync(join(dist, 'src/cli/main.js'), 0o755);
  for (const sealed of [false, true]) for (const traced of [false, true]) await bundleWorkflows({ sealed, traced });
  writeFileSync(stamp, made);
}

/**
 * Whether failures are sealed, and whether OpenTelemetry hears of a run, is a matter of the bundle: workflows run apart
 * from whoever knows the keys and the endpoint. Who wants neither does not load it.
 */
async function bundleWorkflows({ sealed, traced }) {
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
  const name = ['workflow-bundle', ...(sealed ? ['sealed'] : []), ...(traced ? ['traced'] : [])].join('-');
  writeFileSync(join(dist, `${name}.js`), withoutSources(withLocalGlobals(code)));
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

function fingerprint() {
  const hash = createHash('sha256');
  for (const file of INPUTS.flatMap((input) => filesUnder(join(root, input)))) {
    hash.update(file.slice(root.length)).update('\0').update(readFileSync(file)).update('\0');
  }
  return hash.digest('hex');
}

function filesUnder(path) {
  if (!existsSync(path)) return [];
  if (/\.\w+$/.test(path)) return [path];
  const entries = readdirSync(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Says why and ends; a stack trace of the build script helps nobody. */
export function stopWith(error) {
  process.stderr.write(`Tidegate: ${error.message}\n`);
  process.exit(1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await build().catch(stopWith);

// `npm run build`: compiles src/ and scripts/ into dist/ and bundles the workflows into dist/workflow-bundle.js.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflows } from './bundle.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const stamp = join(dist, '.stamp');
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
  for (const sealed of [false, true]) for (const traced of [false, true]) await writeBundle({ sealed, traced });
  writeFileSync(stamp, made);
}

async function writeBundle({ sealed, traced }) {
  const name = ['workflow-bundle', ...(sealed ? ['sealed'] : []), ...(traced ? ['traced'] : [])].join('-');
  writeFileSync(join(dist, `${name}.js`), await bundleWorkflows({ sealed, traced }));
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

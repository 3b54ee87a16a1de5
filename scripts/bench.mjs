// `npm run bench -- [P1 P3 …] [--pairs 5] [--quick] [--server dev|production] [--json FILE]`: the rows of test/bench, with the
// TypeScript compiled as it loads, on the workflow bundle that a worker loads, which is built when something changed.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { buildWhenStale, stopWith } from './build.mjs';

await buildWhenStale().catch(stopWith);
const path = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const child = spawn(
  process.execPath,
  [path('test/support/run-typescript.cjs'), path('test/bench/main.ts'), ...process.argv.slice(2)],
  { stdio: 'inherit' },
);
// Ctrl-C reaches the child by itself; we only wait for it.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code) => process.exit(code ?? 1));

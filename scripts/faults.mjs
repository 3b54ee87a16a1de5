// `npm run faults -- --runs N --seed S`: the fault harness of test/faults, with the TypeScript compiled as it loads.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const path = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const child = spawn(
  process.execPath,
  [path('test/support/run-typescript.cjs'), path('test/faults/main.ts'), ...process.argv.slice(2)],
  { stdio: 'inherit' },
);
// Ctrl-C reaches the child by itself; we only wait for it.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code) => process.exit(code ?? 1));

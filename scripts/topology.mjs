// `npm run topology -- [--auto] [--kill postgres|temporal] [--state DIR]`: the demo on the shape of production, without Docker.
// Builds when something changed, then runs in this very process, so that Ctrl-C and kill reach it.
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildWhenStale, stopWith } from './build.mjs';

const project = fileURLToPath(new URL('..', import.meta.url));
const { auto, kill, state } = readArguments();

await buildWhenStale().catch(stopWith);
const { runTopology } = await import('../dist/src/topology/main.js');
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stopping.abort());
process.exitCode = await runTopology({
  project,
  stateDir: resolve(state),
  auto: auto || kill !== undefined,
  kill: kill ?? null,
  write: (line) => process.stdout.write(`${line}\n`),
  colour: process.stdout.isTTY && !process.env.NO_COLOR,
  env: process.env,
  signal: stopping.signal,
});

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        auto: { type: 'boolean', default: false },
        kill: { type: 'string' },
        state: { type: 'string', default: '.tidegate/topology' },
      },
    });
    if (values.kill !== undefined && !['postgres', 'temporal'].includes(values.kill))
      throw new Error(`--kill takes postgres or temporal, not ${values.kill}.`);
    return values;
  } catch (error) {
    process.stderr.write(
      `${error.message}\nUse: npm run topology -- [--auto] [--kill postgres|temporal] [--state DIR]\n`,
    );
    process.exit(2);
  }
}

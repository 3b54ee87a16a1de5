// `npm start`: builds when something changed, then runs the demo in this very process, so that Ctrl-C and kill reach it.
import { fileURLToPath } from 'node:url';
import { buildWhenStale, stopWith } from './build.mjs';

await buildWhenStale().catch(stopWith);
const main = new URL('../dist/src/cli/main.js', import.meta.url);
process.argv.splice(1, 1, fileURLToPath(main), 'demo');
await import(main.href);

// Runs before `npm start` and `npm test`: installs the libraries when they are missing or older than the lockfile.
// It must work on a bare clone, so it uses nothing but Node.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const OLDEST_NODE = [20, 19];
const SAME_INSTALL_MS = 10_000; // npm writes the two files within one install, in either order

requireNode();
const reason = reasonToInstall();
if (reason !== null) install(reason);

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const [needMajor, needMinor] = OLDEST_NODE;
  if (major > needMajor || (major === needMajor && minor >= needMinor)) return;
  fail(`Tidegate needs Node ${OLDEST_NODE.join('.')} or newer; this is ${process.versions.node}.`);
}

function reasonToInstall() {
  const installed = `${root}node_modules/.package-lock.json`;
  if (!existsSync(installed)) return 'the libraries are not installed yet';
  const age = statSync(`${root}package-lock.json`).mtimeMs - statSync(installed).mtimeMs;
  return age > SAME_INSTALL_MS ? 'package-lock.json is newer than node_modules' : null;
}

function install(why) {
  process.stderr.write(`Tidegate: ${why}, so \`npm ci\` installs them now (about a minute) …\n`);
  const { status, error } = spawnSync('npm', ['ci'], { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) fail(`\`npm ci\` did not work (${error?.message ?? `exit ${status}`}); its own words stand above.`);
}

function fail(sentence) {
  process.stderr.write(`Tidegate: ${sentence}\n`);
  process.exit(1);
}

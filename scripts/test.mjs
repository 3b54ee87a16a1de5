// `npm test`: format, lint, unused code, types and build, then every jest test; closes with `N passed, N failed`.
// `npm test -- <jest arguments>` runs only those jest tests.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = (name) => join(root, 'node_modules/.bin', name);
const inCi = process.env.CI === 'true';
const jestArguments = process.argv.slice(2);

const CHECKS = {
  format: [bin('prettier'), '--check', '--log-level', 'warn', '.'],
  lint: [bin('eslint'), '--max-warnings', '0', '.'],
  'unused code': [bin('knip')],
  types: [bin('tsc'), '--noEmit', '-p', 'tsconfig.json'],
  build: [process.execPath, 'scripts/build.mjs'],
};
const LANES = [
  ['types', 'build', 'unused code'],
  ['lint', 'format'],
];

const checks = jestArguments.length > 0 ? [] : (await Promise.all(LANES.map(runLane))).flat();
const jest = await runJest();
report();

async function runLane(names) {
  const results = [];
  for (const name of names) results.push(await runCheck(name));
  return results;
}

async function runCheck(name) {
  const [command, ...args] = CHECKS[name];
  const { code, output } = await run(command, args, 'pipe');
  process.stdout.write(code === 0 ? `✔ ${name}\n` : `✖ ${name}\n${output}\n`);
  return code === 0;
}

/** Counts of one jest run; a file that could not run at all counts as one failure. */
async function runJest() {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-jest-'));
  const outputFile = join(folder, 'result.json');
  try {
    await run(bin('jest'), ['--json', `--outputFile=${outputFile}`, ...jestArguments], 'inherit', {
      // Lets the tests load the libraries that exist only as ES modules.
      NODE_OPTIONS:
        `${process.env.NODE_OPTIONS ?? ''} --experimental-vm-modules --disable-warning=ExperimentalWarning`.trim(),
    });
    const result = JSON.parse(readFileSync(outputFile, 'utf8'));
    return {
      passed: result.numPassedTests,
      failed: result.numFailedTests + result.numRuntimeErrorTestSuites,
      skipped: skippedIn(result),
    };
  } catch (error) {
    process.stdout.write(`jest gave no result: ${error.message}\n`);
    return { passed: 0, failed: 1, skipped: [] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function skippedIn(result) {
  return result.testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status }) => status !== 'passed' && status !== 'failed')
      .map(({ fullName, status }) => `${name.slice(root.length)}: ${fullName} (marked ${status} in the file)`),
  );
}

function report() {
  const passed = jest.passed + checks.filter(Boolean).length;
  const skipped = jest.skipped.length;
  const failed = jest.failed + checks.filter((ok) => !ok).length + (inCi ? skipped : 0);
  for (const line of jest.skipped) process.stdout.write(`skipped: ${line}\n`);
  if (inCi && skipped > 0) process.stdout.write('With CI=true each skipped test counts as failed.\n');
  const tail = skipped > 0 ? `, ${skipped} skipped` : '';
  process.stdout.write(`${passed} passed, ${failed} failed${tail}\n`);
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
}

function run(command, args, output, env = {}) {
  return new Promise((resolve) => {
    const stdio = output === 'inherit' ? ['ignore', 'ignore', 'inherit'] : ['ignore', 'pipe', 'pipe'];
    const child = spawn(command, args, { cwd: root, stdio, env: { ...process.env, ...env } });
    const chunks = [];
    child.stdout?.on('data', (chunk) => chunks.push(chunk));
    child.stderr?.on('data', (chunk) => chunks.push(chunk));
    child.on('error', (error) => resolve({ code: 1, output: error.message }));
    child.on('close', (code) => resolve({ code, output: Buffer.concat(chunks).toString() }));
  });
}

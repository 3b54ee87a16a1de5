/** The fault harness (6-faults §3): many cases, each with a fault from the seed, then ten invariants; `npm run faults`. */
import { appendFile, mkdtemp, chmod, readdir, rm, writeFile } from 'node:fs/promises';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { findCli } from '../../src/temporal/cli';
import type { CaseResult } from './case';
import { FAULTS, faultNamed } from './faults';
import { canIsolate, openLane, type Lane } from './lane';
import { readOptions, repeatCommand, type Options } from './options';
import { planCase, type CaseSpec } from './plan';
import { lastLine, tableBy, countsOf } from './summary';

/** What shows best that the product without its guards deploys twice. */
const CONTROL = [faultNamed('worker-kill')];

const print = (line: string): void => void process.stdout.write(`${line}\n`);

function planned(options: Options, isolated: boolean): readonly CaseSpec[] {
  const missing = [...(options.ledger === 'postgres' ? [] : ['postgres']), ...(isolated ? [] : ['namespaces'])];
  const all = FAULTS.filter(({ needs = '' }) => !missing.includes(needs));
  const faults = options.faults === null ? (options.control ? CONTROL : all) : options.faults.map(faultNamed);
  const indexes = options.only === null ? Array.from({ length: options.runs }, (_, at) => at + 1) : [options.only];
  return indexes.map((index) => planCase(options.seed, index, faults, options.control));
}

async function bundled(folder: string): Promise<string> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: require.resolve('../../src/workflows'),
    payloadConverterPath: require.resolve('../../src/codec/payload-converter'),
    workflowInterceptorModules: [require.resolve('./impatient')],
    ignoreModules: ['crypto'],
    logger: new DefaultLogger('ERROR'),
  });
  const path = join(folder, 'workflow-bundle.js');
  await writeFile(path, code);
  return path;
}

const where = ({ spec }: Pick<CaseResult, 'spec'>): string =>
  spec.point === null ? 'at a random time' : `${spec.when} ${spec.point}`;

function tell(options: Options, result: CaseResult): void {
  const { spec, broken, verdicts, struck, ms } = result;
  const name = `case ${spec.index} ${spec.fault} ${where(result)}`;
  const end = `${verdicts.join(', ')}${struck ? '' : ', not struck'}, ${(ms / 1000).toFixed(1)} s`;
  print(`${broken.length === 0 ? 'ok    ' : 'BROKEN'} ${name}: ${end}`);
  if (broken.length === 0 || options.control) return;
  for (const { invariant, sentence } of broken) print(`  ${invariant}: ${sentence}`);
  for (const line of result.timeline) print(`  | ${line}`);
  for (const line of result.effects) print(`  > ${line}`);
  print(`  folder: ${result.folder}`);
  print(`  again: ${repeatCommand(options, spec.index)}`);
}

/** A case under which the lane itself broke down: whatever it was, nobody has looked at the invariants. */
function brokenDown(spec: CaseSpec, folder: string, error: unknown): CaseResult {
  const sentence = `the lane broke down: ${error instanceof Error ? error.message : String(error)}`;
  const nothing = { verdicts: [], struck: false, ms: 0, timeline: [], effects: [] };
  return { ...nothing, spec, folder, broken: [{ invariant: 'I5', sentence }], brokenDown: true };
}

/** Lanes take the next case as they become free. A lane that breaks down is opened anew, and its case counts as stuck. */
async function runAll(options: Options, folder: string, lanes: Set<Lane>): Promise<readonly CaseResult[]> {
  const say = (line: string): void => (line.includes('…') ? print(line) : undefined);
  const [{ path: cli }, bundle] = await Promise.all([findCli(process.env, say), bundled(folder)]);
  const isolated = canIsolate();
  const cases = planned(options, isolated);
  const count = Math.min(options.lanes, cases.length);
  print(
    `seed ${options.seed}, ${cases.length} cases, ${count} lanes ${isolated ? 'in namespaces of their own' : 'on free ports'}`,
  );
  const queue = [...cases];
  const results: CaseResult[] = [];
  async function settle(result: CaseResult): Promise<void> {
    results.push(result);
    tell(options, result);
    if (options.json !== null) await appendFile(options.json, `${JSON.stringify(result)}\n`);
  }
  async function drive(_: unknown, number: number): Promise<void> {
    for (let life = 1; queue.length > 0; life += 1) {
      const laneFolder = join(folder, `lane-${number + 1}-${life}`);
      const lane = await openLane({ folder: laneFolder, cli, bundle, ledger: options.ledger }, isolated);
      lanes.add(lane);
      for (let spec = queue.shift(); spec !== undefined; spec = queue.shift()) {
        const result = await lane.run(spec).catch((error: unknown) => brokenDown(spec, laneFolder, error));
        await settle(result);
        if (result.brokenDown) break;
      }
      await lane.end();
      lanes.delete(lane);
    }
  }
  await Promise.all(Array.from({ length: count }, drive));
  return results;
}

function report(options: Options, results: readonly CaseResult[]): boolean {
  print('');
  for (const line of tableBy('step', results, ({ spec }) => spec.point ?? 'at a random time')) print(line);
  print('');
  for (const line of tableBy('fault', results, ({ spec }) => spec.fault)) print(line);
  print('');
  const { double } = countsOf(results);
  const clean = results.every(({ broken }) => broken.length === 0);
  if (options.control)
    print(
      double > 0
        ? 'control: without its guards the product deploys twice'
        : 'control: NO DOUBLE, the harness proves nothing',
    );
  print(lastLine(results));
  return options.control ? double > 0 : clean;
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(3));
  const lanes = new Set<Lane>();
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-faults-'));
  await chmod(folder, 0o755); // PostgreSQL runs as another user
  const forget = (): void => rmSync(folder, { recursive: true, force: true });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      for (const lane of lanes) lane.kill();
      forget();
      process.exit(130);
    });
  }
  const results = await runAll(options, folder, lanes);
  process.exitCode = report(options, results) ? 0 : 1;
  const broken = !options.control && results.some(({ broken: sentences }) => sentences.length > 0);
  if (!broken) await rm(folder, { recursive: true, force: true });
  else await removeServers(folder);
}

/** What the cases left stays for a look; the servers' data does not. */
async function removeServers(folder: string): Promise<void> {
  for (const lane of (await readdir(folder)).filter((name) => name.startsWith('lane-'))) {
    for (const server of ['temporal', 'postgres', 'template']) {
      await rm(join(folder, lane, server), { recursive: true, force: true });
    }
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
});

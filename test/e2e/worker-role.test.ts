import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseExposition } from '../../src/drivers/scrape/exposition';
import { startDevServer, type DevServer } from '../../src/temporal/dev-server';
import { freePort, isListening } from '../../src/temporal/ports';
import { compileInto } from '../cli/compiled';
import { SMALL } from '../config/support';
import { SIGNER } from '../support/signing';
import { temporaryFolder } from '../support/temporary-folder';
import { eventually } from './town';

const LIMIT_MS = 60_000;
const NEEDED = { TIDEGATE_VERIFY_KEYS: `tgv_${SIGNER.publicKey}` };

let folder: string;
let main: string;
let port: number;
let temporal: DevServer;
let worker: Worker;

interface Worker {
  readonly process: ChildProcess;
  readonly health: number;
  /** All that it has written. */
  said(): string;
  readonly ended: Promise<number | null>;
}

/** `tidegate worker` as a container runs it, with these variables and no others. */
async function start(variables: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<Worker> {
  const health = await freePort(null);
  const child = spawn(process.execPath, [main, 'worker', ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      TEMPORAL_ADDRESS: `127.0.0.1:${port}`,
      TEMPORAL_NAMESPACE: 'default',
      TIDEGATE_HEALTH_PORT: String(health),
      ...variables,
    },
  });
  const parts: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => parts.push(part));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { process: child, health, said: () => parts.join(''), ended };
}

/** What the health port answers; status 0 when nobody does. */
async function ask({ health }: Worker, path: string): Promise<{ readonly status: number; readonly text: string }> {
  try {
    const answer = await fetch(`http://127.0.0.1:${health}${path}`);
    return { status: answer.status, text: await answer.text() };
  } catch {
    return { status: 0, text: '' };
  }
}

/** Readiness once it is as wanted. @throws with the worker's last words when it ends instead */
const ready = (who: Worker, status: number) =>
  Promise.race([
    eventually(
      () => ask(who, '/readyz'),
      (answer) => answer.status === status,
    ),
    who.ended.then((code) => Promise.reject(new Error(`ended with ${code}: ${who.said()}`))),
  ]);

const startTemporal = (): Promise<DevServer> =>
  startDevServer({
    ...{ cli: process.env.TEMPORAL_CLI ?? 'temporal', stateDir: join(folder, 'temporal'), namespace: 'default', port },
    ...{ ui: false, searchAttributes: [], env: process.env, say: () => undefined },
  });

beforeAll(async () => {
  folder = await temporaryFolder();
  main = compileInto(folder);
  await copyFile(process.env.TIDEGATE_TEST_BUNDLE ?? '', join(folder, 'dist/workflow-bundle.js'));
  await copyFile('package.json', join(folder, 'package.json'));
  await writeFile(join(folder, 'tidegate.yaml'), SMALL);
  port = await freePort(null);
  temporal = await startTemporal();
  worker = await start(NEEDED);
  await ready(worker, 200);
}, LIMIT_MS);

afterAll(async () => {
  worker.process.kill('SIGKILL');
  await worker.ended;
  await temporal.stop();
  await rm(folder, { recursive: true, force: true });
}, LIMIT_MS);

describe('a worker as a process of its own', () => {
  it('shows Prometheus its own figures and those of the SDK in one place, without an id in any label', async () => {
    const text = await eventually(
      async () => (await ask(worker, '/metrics')).text,
      (figures) => figures.includes('tidegate_ledger_events_total{') && figures.includes('temporal_'),
    );
    const { series, declared } = parseExposition(text);
    const kinds = series.filter(({ name }) => name === 'tidegate_ledger_events_total').map(({ labels }) => labels.kind);
    expect(kinds).toContain('environment.configured');
    for (const name of FIGURES) expect([...declared]).toContain(name);
    const polled = series.filter(({ name }) => name.startsWith('temporal_')).map(({ labels }) => labels.task_queue);
    expect(polled).toContain('tidegate.shop.prod');
    const own = series
      .filter(({ name }) => name.startsWith('tidegate_'))
      .flatMap(({ labels }) => Object.values(labels));
    expect(own.filter((value) => /\/|#|-\d|[0-9a-f]{8}/.test(value))).toEqual([]);
  });

  it(
    'outlives its server: it says that it is not ready, and works on by itself when the server is back',
    async () => {
      await temporal.stop();
      const red = await ready(worker, 503);
      expect(JSON.parse(red.text)).toMatchObject({ checks: { Temporal: { ok: false }, 'The ledger': { ok: true } } });
      temporal = await startTemporal();
      await ready(worker, 200);
      expect(worker.process.exitCode).toBeNull();
    },
    LIMIT_MS,
  );

  it(
    'drains on SIGTERM and ends with 0, so that an upgrade is no alarm',
    async () => {
      const other = await start(NEEDED, '--service', 'shop', '--env', 'uat');
      await ready(other, 200);
      other.process.kill('SIGTERM');
      expect({ code: await other.ended, said: other.said() }).toMatchObject({ code: 0 });
    },
    LIMIT_MS,
  );

  it.each([
    ['the keys that it trusts', {}, 'TIDEGATE_VERIFY_KEYS'],
    ['its config', { ...NEEDED, TIDEGATE_CONFIG: 'nowhere.yaml' }, 'nowhere.yaml'],
    ['its ledger', { ...NEEDED, TIDEGATE_LEDGER: 'postgres://nobody:secret@127.0.0.1:1/none' }, 'ledger'],
    ['half of its version', { ...NEEDED, TIDEGATE_BUILD_ID: '7' }, 'TIDEGATE_DEPLOYMENT'],
    ['its encryption key', { ...NEEDED, TIDEGATE_ENCRYPTION_KEY: 'file:nowhere' }, 'TIDEGATE_ENCRYPTION_KEY'],
    ['its Temporal', { ...NEEDED, TEMPORAL_ADDRESS: '127.0.0.1:1' }, 'TEMPORAL_ADDRESS'],
  ])(
    'never works half: without %s it ends with a sentence that names what is missing, and was never ready (F54)',
    async (_what, variables, named) => {
      const refused = await start({ TIDEGATE_STATE: join(folder, 'other'), ...variables });
      expect(await refused.ended).not.toBe(0);
      expect(refused.said()).toContain(named);
      expect(refused.said()).not.toMatch(/secret|\n\s+at /);
      expect(await isListening(refused.health)).toBe(false);
    },
    LIMIT_MS,
  );
});

/** As docs/operations.md names them. */
const FIGURES = [
  'tidegate_ledger_events_total',
  'tidegate_deployments_total',
  'tidegate_refusals_total',
  'tidegate_watch_breaches_total',
  'tidegate_watch_samples_total',
  'tidegate_scripts_reaped_total',
  'tidegate_gate_wait_seconds',
  'tidegate_ledger_seconds',
  'tidegate_script_seconds',
];

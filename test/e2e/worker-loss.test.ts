import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe as reportOf } from '../../src/demo/demo-bugs';
import type { Defect } from '../../src/demo/defects';
import { findDefect, prepareFix } from '../../src/demo/fixes';
import { askPrice } from '../../src/demo/shop';
import { deploymentSubject } from '../../src/domain/ids';
import { devServer } from '../support/environments';
import type { ProductPlan } from './product';
import { eventually, makeTown, processesOf, type Running, type Town } from './town';

const temporal = devServer();
const LIMIT_MS = 240_000;
const DEPLOYMENT = 'shop-prod-1';
/** Longer than the server takes to miss a dead worker's heartbeat, so that the next one still finds work to do. */
const WINDOW_MS = 20_000;

let town: Town;
let defect: Defect;
let child: ChildProcess | null = null;

/** The product in a process of its own; `stop` is for the times between the kills. */
async function launch(plan: ProductPlan): Promise<Running> {
  const started = spawn(
    process.execPath,
    [join(__dirname, '../support/run-typescript.cjs'), require.resolve('./product-child'), JSON.stringify({ ...plan })],
    { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
  );
  child = started;
  const [url] = (await Promise.race([
    once(started, 'message'),
    once(started, 'exit').then(() => Promise.reject(new Error('the product ended before it was up'))),
  ])) as [string];
  return { url, stop: () => killed(started) };
}

async function killed(product: ChildProcess | null): Promise<void> {
  if (product?.exitCode !== null || product.signalCode !== null) return;
  const gone = once(product, 'exit');
  product.kill('SIGKILL');
  await gone;
}

/** The shop's own script behind one that writes down each real act and waits, on PROD, until the test lets it go. */
async function slowScript(): Promise<void> {
  const script = `#!/usr/bin/env bash
# Knows what it hands on: --rollback and --check.
set -euo pipefail
case "\${1:-}" in
  --status | --check) ;;
  *)
    printf '%s %s\\n' "$TIDEGATE_DEPLOYMENT_ID" "\${1:-deploy}" >>'${effects()}'
    while [[ $TIDEGATE_ENV == prod && ! -e '${letGo()}' ]]; do sleep 0.1; done
    ;;
esac
exec scripts/deploy.sh "$@"
`;
  await writeFile(join(town.paths.state, 'slow.sh'), script);
  await chmod(join(town.paths.state, 'slow.sh'), 0o755);
}

const effects = (): string => join(town.paths.state, 'effects');
const letGo = (): string => join(town.paths.state, 'let-go');
const acts = async (): Promise<readonly string[]> =>
  (await readFile(effects(), 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');

/** How often the present activity of the deployment was given to a worker. */
async function attempts(): Promise<number> {
  const { raw } = await temporal().client.workflow.getHandle(`deploy/shop/prod/${DEPLOYMENT}`).describe();
  return raw.pendingActivities?.[0]?.attempt ?? 0;
}

const samples = () => town.ledger.samples(deploymentSubject(DEPLOYMENT), 0);

describe('the worker is killed in the middle of a deployment to PROD', () => {
  beforeAll(async () => {
    const config = (text: string): string =>
      text
        .replaceAll('script: scripts/deploy.sh,', 'script: scripts/deploy.sh, scriptFrom: ./slow.sh,')
        .replace(/( {2}prod:[^]* )window: 3s/, `$1window: ${WINDOW_MS / 1_000}s`);
    town = await makeTown({ temporal, launch, config });
    await slowScript();
    await town.start('T1');
    defect = await findDefect(town.repository, () => false);
    await town.post('dev', '/v1/bugs', await reportOf(town.prod, defect));
    await prepareFix(town.repository, '1', defect, { breaking: false, now: new Date() });
    await town.post('ann', '/v1/bugs/1/decisions', { verb: 'confirm' });
    const { fix } = await town.untilBug('1', ({ status }) => status === 'deployed_uat');
    await town.start('T2');
    await town.post('bo', '/v1/bugs/1/decisions', { verb: 'approve-prod', sha: fix?.head });
  }, LIMIT_MS);

  afterAll(async () => {
    await writeFile(letGo(), '');
    await town.end();
  }, LIMIT_MS);

  it(
    'takes up the script that still runs: PROD is never deployed twice',
    async () => {
      await eventually(acts, (lines) => lines.includes(`${DEPLOYMENT} deploy`));
      await killed(child);
      await town.start();
      await eventually(attempts, (count) => count >= 2);
      await writeFile(letGo(), '');
      await eventually(samples, (kept) => kept.length > 0);
      expect(await acts()).toEqual(['shop-uat-1 deploy', `${DEPLOYMENT} deploy`]);
      expect(await processesOf(town, DEPLOYMENT)).toEqual([]);
    },
    LIMIT_MS,
  );

  it(
    'goes on watching where the dead worker stopped: nothing is measured twice, and the window is no longer than promised',
    async () => {
      const before = await eventually(samples, (kept) => kept.length >= 4);
      await killed(child);
      await town.start();
      const bug = await town.untilBug('1', ({ status }) => status !== 'pending_prod');
      expect(bug).toMatchObject({ status: 'deployed_prod', shipped: { version: '1.4.3' } });
      const after = await samples();
      expect(after.slice(0, before.length)).toEqual(before);
      const times = after.map(({ at }) => at);
      expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
      // The first reading of the new worker continues the last one of the old: one sample over the gap, none left out.
      expect(after.every(({ sample }) => sample?.requestRate !== null)).toBe(true);
      const watch = (await town.ledger.deployment(DEPLOYMENT))?.phases.find(({ phase }) => phase === 'watch');
      expect(times.filter((at) => at >= watch!.startedAt + WINDOW_MS)).toHaveLength(1);
    },
    LIMIT_MS,
  );

  it('has the fix in PROD after all, with a record that holds and no process left behind', async () => {
    expect(await askPrice(town.prod, defect.product.sku, defect.pieces)).toBe(defect.after);
    expect(await acts()).toEqual(['shop-uat-1 deploy', `${DEPLOYMENT} deploy`]);
    expect(await town.ledger.verify()).toBeNull();
    expect(await processesOf(town, DEPLOYMENT)).toEqual([]);
  });
});

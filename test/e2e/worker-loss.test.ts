import { describe as reportOf } from '../../src/demo/demo-bugs';
import type { Defect } from '../../src/demo/defects';
import { findDefect, prepareFix } from '../../src/demo/fixes';
import { askPrice } from '../../src/demo/shop';
import { deploymentSubject } from '../../src/domain/ids';
import { devServer } from '../support/environments';
import { launchChild, type ChildProduct } from './child';
import type { ProductPlan } from './product';
import { slowScript, type SlowScript } from './slow-script';
import { eventually, makeTown, processesOf, type Running, type Town } from './town';

const temporal = devServer();
const LIMIT_MS = 240_000;
const DEPLOYMENT = 'shop-prod-1';
/** Longer than the server takes to miss a dead worker's heartbeat, so that the next one still finds work to do. */
const WINDOW_MS = 20_000;
/** A sample stands at its reading, which may be an interval or two before the window's end. */
const LAST_WITHIN_MS = 3_000;

let town: Town;
let defect: Defect;
let child: ChildProduct | null = null;
let script: SlowScript;

async function launch(plan: ProductPlan): Promise<Running> {
  child = await launchChild(plan);
  return child;
}

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
    script = await slowScript(town);
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
    await script.letGo();
    await town.end();
  }, LIMIT_MS);

  it(
    'takes up the script that still runs: PROD is never deployed twice',
    async () => {
      await eventually(script.acts, (lines) => lines.includes(`${DEPLOYMENT} deploy`));
      await child?.stop();
      await town.start();
      await eventually(attempts, (count) => count >= 2);
      await script.letGo();
      await eventually(samples, (kept) => kept.length > 0);
      expect(await script.acts()).toEqual(['shop-uat-1 deploy', `${DEPLOYMENT} deploy`]);
      expect(await processesOf(town, DEPLOYMENT)).toEqual([]);
    },
    LIMIT_MS,
  );

  it(
    'goes on watching where the dead worker stopped: nothing is measured twice, and the window is no longer than promised',
    async () => {
      const before = await eventually(samples, (kept) => kept.length >= 4);
      await child?.stop();
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
      const end = (watch?.startedAt ?? 0) + WINDOW_MS;
      expect(times.filter((at) => at >= end).length).toBeLessThanOrEqual(1);
      expect(times.at(-1)).toBeGreaterThan(end - LAST_WITHIN_MS);
    },
    LIMIT_MS,
  );

  it('has the fix in PROD after all, with a record that holds and no process left behind', async () => {
    expect(await askPrice(town.prod, defect.product.sku, defect.pieces)).toBe(defect.after);
    expect(await script.acts()).toEqual(['shop-uat-1 deploy', `${DEPLOYMENT} deploy`]);
    expect(await town.ledger.verify()).toBeNull();
    expect(await processesOf(town, DEPLOYMENT)).toEqual([]);
  });
});

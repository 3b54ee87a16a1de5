import { describe as reportOf } from '../../src/demo/demo-bugs';
import { findDefect, prepareFix } from '../../src/demo/fixes';
import { devServer } from '../support/environments';
import { launchChild, type ChildProduct } from './child';
import type { ProductPlan } from './product';
import { slowScript, type SlowScript } from './slow-script';
import { eventually, makeTown, processesOf, type Running, type Town } from './town';

const temporal = devServer();
const LIMIT_MS = 240_000;
const DEPLOYMENT = 'shop-prod-1';
const RESTARTS = 5;

let town: Town;
let child: ChildProduct | null = null;
let script: SlowScript;

async function launch(plan: ProductPlan): Promise<Running> {
  child = await launchChild(plan);
  return child;
}

afterAll(async () => {
  await script.letGo();
  await town.end();
}, LIMIT_MS);

it(
  'is upgraded five times in a row while it deploys to PROD: each time it drains and ends with 0, and PROD is switched once (F5)',
  async () => {
    const config = (text: string): string =>
      text.replaceAll('script: scripts/deploy.sh,', 'script: scripts/deploy.sh, scriptFrom: ./slow.sh,');
    town = await makeTown({ temporal, launch, config });
    script = await slowScript(town);
    await town.start('T1');
    const defect = await findDefect(town.repository, () => false);
    await town.post('dev', '/v1/bugs', await reportOf(town.prod, defect));
    await prepareFix(town.repository, '1', defect, { breaking: false, now: new Date() });
    await town.post('ann', '/v1/bugs/1/decisions', { verb: 'confirm' });
    const { fix } = await town.untilBug('1', ({ status }) => status === 'deployed_uat');
    await town.start('T2');
    await town.post('bo', '/v1/bugs/1/decisions', { verb: 'approve-prod', sha: fix?.head });
    await eventually(script.acts, (lines) => lines.includes(`${DEPLOYMENT} deploy`));
    for (let restart = 1; restart <= RESTARTS; restart += 1) {
      expect(await child?.end('SIGTERM')).toBe(0);
      await town.start();
      if (restart === RESTARTS - 1) await script.letGo();
    }
    await town.untilBug('1', ({ status }) => status === 'deployed_prod');
    expect(await script.acts()).toEqual(['shop-uat-1 deploy', `${DEPLOYMENT} deploy`]);
    expect(await town.ledger.verify()).toBeNull();
    expect(await processesOf(town, DEPLOYMENT)).toEqual([]);
  },
  LIMIT_MS,
);

import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bug } from '../api/schemas/bug';
import { money, priceUrl } from './demo-bugs';
import type { Defect } from './defects';
import { askPrice, askVersion, type Served } from './shop';
import type { Scene } from './scene';

type ReportKind = 'release' | 'rollback';

const REPORT_MS = 20_000;

/** Says what did not come true. */
function claim(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Error(otherwise);
}

/** The report of a kind that tells of a deployment, when it is there: the evidence beside it says whose it is. */
async function findReport(folder: string, kind: ReportKind, deployment: string): Promise<string | null> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((each) => each.startsWith(`${kind}_`) && each.endsWith('.json'))) {
    const text = await readFile(join(folder, name), 'utf8');
    const evidence = JSON.parse(text) as { readonly deployment?: { readonly id?: string } };
    if (evidence.deployment?.id === deployment) return join(folder, name.replace(/json$/, 'md'));
  }
  return null;
}

/** The same with patience: reports are written beside the run. */
async function reportOf(folder: string, kind: ReportKind, deployment: string): Promise<string> {
  const until = Date.now() + REPORT_MS;
  while (Date.now() < until) {
    const path = await findReport(folder, kind, deployment);
    if (path !== null) return path;
    await sleep(300);
  }
  throw new Error(`no ${kind} report of ${deployment} in ${folder}`);
}

function productionDeployment(bug: Bug): string {
  const last = bug.deployments.filter(({ env }) => env === 'prod').at(-1);
  claim(last !== undefined, `bug ${bug.id} has no deployment to prod`);
  return last.id;
}

/** The fix is in production: the shop itself says the new version, the new commit and the promised price. */
export async function checkShipped(scene: Scene, bug: Bug, defect: Defect): Promise<void> {
  const { prod, narrator, paths } = scene;
  const served = await askVersion(prod);
  claim(bug.shipped !== null, `bug ${bug.id} is ${bug.status}, yet says no shipped version`);
  const { version, sha } = bug.shipped;
  claim(
    served.version === version && served.sha === sha,
    `PROD runs ${served.version} (${served.sha}), not ${version} (${sha})`,
  );
  const charged = await askPrice(prod, defect.product.sku, defect.pieces);
  claim(charged === defect.after, `PROD ${version} charges ${money(charged)}, not ${money(defect.after)}`);
  narrator.tell(`PROD runs ${version} and charges ${money(charged)}: ${priceUrl(prod, defect)}`);
  narrator.tell(`report: ${await reportOf(paths.reports, 'release', productionDeployment(bug))}`);
}

/** Production is back where it was, the breach said why, and the rollback was verified: in the API and in the report. */
export async function checkRollback(scene: Scene, bug: Bug, before: Served | null): Promise<void> {
  const { api, prod, narrator, paths } = scene;
  claim(bug.status === 'deployed_uat', `bug ${bug.id} is ${bug.status}: its fix was not rolled back`);
  const deployment = await api.deployment(productionDeployment(bug));
  const { verdict, breach, rollback, reason } = deployment;
  claim(
    verdict === 'Rolled-Back',
    `the verdict of ${deployment.id} is ${verdict ?? 'not there yet'} (${reason ?? 'no reason'})`,
  );
  claim(
    breach !== null && breach.multiple !== null,
    `${deployment.id} was rolled back without a breach that has a multiple`,
  );
  narrator.tell(`verdict ${verdict}: ${breach.sentence}`);
  claim(
    rollback?.verified === true,
    `the rollback of ${deployment.id} is not verified: ${rollback?.detail ?? 'no record'}`,
  );
  narrator.tell(`rollback to ${rollback.to.version} verified: ${rollback.detail}`);
  const served = await askVersion(prod);
  claim(
    served.version === before?.version && served.sha === before.sha,
    `PROD runs ${served.version} (${served.sha}), not ${before?.version} (${before?.sha})`,
  );
  narrator.tell(`PROD is back on ${served.version} (${served.sha.slice(0, 7)})`);
  narrator.tell(`report: ${await reportOf(paths.reports, 'release', deployment.id)}`);
  const path = await reportOf(paths.reports, 'rollback', deployment.id);
  claim(/verified:\*\* yes/i.test(await readFile(path, 'utf8')), `${path} does not say that the rollback was verified`);
  narrator.tell(`rollback report, with its verification: ${path}`);
}

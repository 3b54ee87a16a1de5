import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bug } from '../../src/api/schemas/bug';
import type { Deployment } from '../../src/api/schemas/deployment';
import { Refused, type Decision, type DemoApi } from '../../src/demo/api';
import { isSpoilt } from '../../src/demo/demo-bugs';
import { commitOf, inCheckout } from '../../src/demo/repository';
import { askVersion, runDeployScript, type Shop } from '../../src/demo/shop';
import type { Yard } from './support';

/** How the product of a test behaves where it matters to the story. */
export interface Manners {
  /** Says `deployed_prod` and deploys nothing. */
  lies?: boolean;
  /** The rollback is recorded, and not verified. */
  unverified?: boolean;
}

type Rows = Record<string, Bug>;

/** Just enough of Tidegate to play a story against: real git, real deploys, decisions taken at once. */
export function scriptedTidegate(yard: Yard, uat: Shop, prod: Shop, manners: Manners = {}): DemoApi & { rows: Rows } {
  const rows: Rows = {};
  const deployments: Record<string, Deployment> = {};
  const row = (id: string): Bug => rows[id] ?? fail(404, `no bug ${id}`);
  let changes = 0;
  const change = (id: string, fields: object): Bug =>
    (rows[id] = { ...row(id), ...fields, statusAt: String((changes += 1)) });

  async function deploy(shop: Shop, bug: string, version: string): Promise<string> {
    const deployment = `shop-${shop.stage}-${bug}`;
    const sha = await commitOf(yard.repository, `fix/${bug}`);
    await inCheckout(yard.repository, `fix/${bug}`, (folder) =>
      runDeployScript(shop, folder, { version, sha, deployment }),
    );
    return deployment;
  }

  async function report(kind: string, id: string): Promise<void> {
    await mkdir(yard.paths.reports, { recursive: true });
    const stem = join(yard.paths.reports, `${kind}_1.4.3_prod_${id}`);
    await writeFile(`${stem}.md`, '- **Verified:** yes: smoke and mini watch');
    await writeFile(`${stem}.json`, JSON.stringify({ deployment: { id } }));
  }

  async function toProduction(id: string): Promise<Bug> {
    const before = await askVersion(prod);
    const spoilt = await isSpoilt(yard.repository, id);
    const deployment = manners.lies ? `shop-prod-${id}` : await deploy(prod, id, '1.4.3');
    await report('release', deployment);
    const ride = [...row(id).deployments, { id: deployment, env: 'prod' }];
    if (!spoilt) {
      const sha = await commitOf(yard.repository, `fix/${id}`);
      return change(id, {
        status: 'deployed_prod',
        deployments: ride,
        shipped: { version: '1.4.3', sha },
        endedAt: 'now',
      });
    }
    await inCheckout(yard.repository, `fix/${id}`, (folder) =>
      runDeployScript(prod, folder, before, ['--rollback', '--to', before.version, '--sha', before.sha]),
    );
    await report('rollback', deployment);
    deployments[deployment] = {
      id: deployment,
      verdict: 'Rolled-Back',
      breach: { multiple: 7, sentence: 'errorRate 0.36 is 7x the baseline 0.05 at T+3 s' },
      rollback: { to: before, verified: manners.unverified !== true, detail: 'smoke and mini watch passed' },
    } as unknown as Deployment;
    return change(id, {
      status: 'deployed_uat',
      deployments: ride,
      blockedBy: { what: 'rolled back', whoCanLift: 'dev' },
    });
  }

  async function take(id: string, { verb, sha }: Decision): Promise<Bug> {
    switch (verb) {
      case 'confirm': {
        const head = await commitOf(yard.repository, `fix/${id}`);
        const ride = { id: await deploy(uat, id, `1.4.2+bug.${id}`), env: 'uat' };
        return change(id, { status: 'deployed_uat', fix: { head }, deployments: [ride] });
      }
      case 'approve-prod':
        if (sha !== row(id).fix?.head) return fail(409, 'stale');
        return toProduction(id);
      case 'withdraw':
        return change(id, { status: 'deployed_uat', nextEvent: null });
      case 'fail-validation':
        return change(id, { status: 'planned', blockedBy: { what: 'failed validation', whoCanLift: 'dev' } });
      case 'close':
        return change(id, { status: 'closed', endedAt: 'now' });
      default:
        return fail(422, verb);
    }
  }

  return {
    rows,
    report: async (_as, { title }) => {
      const id = String(Object.keys(rows).length + 1);
      const empty = { timeline: [], deployments: [], fix: null, blockedBy: null, nextEvent: null, waitingFor: null };
      rows[id] = { id, title, status: 'submitted', endedAt: null, shipped: null, ...empty } as unknown as Bug;
      return row(id);
    },
    decide: async (_as, id, decision) => take(id, decision),
    bug: async (id) => row(id),
    openBugs: async () => Object.values(rows).filter(({ endedAt }) => endedAt === null),
    deployment: async (id) => deployments[id] ?? fail(404, id),
  };
}

function fail(status: number, sentence: string): never {
  throw new Refused(status, 'refused', sentence);
}

import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from '@temporalio/worker';
import type { Bug } from '../../src/api/schemas/bug';
import { describe as reportOf } from '../../src/demo/demo-bugs';
import type { Defect } from '../../src/demo/defects';
import { findDefect, prepareFix } from '../../src/demo/fixes';
import { askPrice, askVersion } from '../../src/demo/shop';
import { devServer } from '../support/environments';
import { countEvents, goldenCounts } from '../workflows/record';
import { makeTown, processesOf, type Town } from './town';

const temporal = devServer();
const LIMIT_MS = 180_000;

let town: Town;
let defects: readonly [Defect, Defect];
let shipped: NonNullable<Bug['shipped']>;
const DEPLOYMENT = 'shop-prod-1';

const git = (...args: string[]): Promise<string> => town.repository.git(town.repository.folder, args);

describe('flow 1 on a real Temporal server, repository, script and shop', () => {
  beforeAll(async () => {
    town = await makeTown({ temporal });
    await town.start('T1');
    const first = await findDefect(town.repository, () => false);
    const second = await findDefect(town.repository, ({ sku }) => sku === first.product.sku);
    defects = [first, second];
  }, LIMIT_MS);

  afterAll(() => town.end(), LIMIT_MS);

  it('counts a report that was sent twice as one bug: nobody fixes it twice', async () => {
    for (const [index, defect] of defects.entries()) {
      const report = await reportOf(town.prod, defect);
      const answers = [
        await town.post('dev', '/v1/bugs', report, `report-${index}`),
        await town.post('dev', '/v1/bugs', report, `report-${index}`),
      ];
      expect(answers.map(({ status, body }) => [status, body.id, body.status])).toEqual(
        answers.map(() => [201, String(index + 1), 'submitted']),
      );
    }
    expect((await town.get<{ items: readonly Bug[] }>('/v1/bugs?service=shop')).body.items).toHaveLength(2);
  });

  it(
    'takes both fixes to UAT at T1, where their reporter can see them work',
    async () => {
      for (const [index, defect] of defects.entries()) {
        const id = String(index + 1);
        await prepareFix(town.repository, id, defect, { breaking: false, now: new Date() });
        const { status, body } = await town.post('ann', `/v1/bugs/${id}/decisions`, { verb: 'confirm' });
        expect([status, body.status, body.flow]).toEqual([200, 'confirmed', 'flow1']);
      }
      for (const [index, { product, pieces, after }] of defects.entries()) {
        const bug = await town.untilBug(String(index + 1), ({ status }) => status === 'deployed_uat');
        expect(bug.analysis?.suspects.map(({ file }) => file)).toContain(product.file);
        expect(bug.validation).toMatchObject({ deployment: 'shop-uat-1', version: '1.4.2+bug.1.2' });
        expect(await askPrice(town.uat, product.sku, pieces)).toBe(after);
      }
      expect((await askVersion(town.prod)).version).toBe('1.4.2');
    },
    LIMIT_MS,
  );

  it(
    'takes both approved fixes to PROD with one train at T2: customers pay what the shop promised',
    async () => {
      await town.start('T2');
      for (const id of ['1', '2']) {
        const { fix } = (await town.get(`/v1/bugs/${id}`)).body;
        const approval = { verb: 'approve-prod', sha: fix?.head };
        const { status, body } = await town.post('bo', `/v1/bugs/${id}/decisions`, approval, `approve-${id}`);
        expect([status, body.status]).toEqual([200, 'pending_prod']);
      }
      for (const [index, { product, pieces, after }] of defects.entries()) {
        const bug = await town.untilBug(String(index + 1), ({ status }) => status === 'deployed_prod');
        expect(bug.deployments.map(({ id, verdict }) => `${id} ${verdict}`)).toEqual([
          'shop-uat-1 Released',
          `${DEPLOYMENT} Released`,
        ]);
        shipped = bug.shipped!;
        expect(await askPrice(town.prod, product.sku, pieces)).toBe(after);
      }
      expect(shipped).toMatchObject({ version: '1.4.3', alsoHolds: [] });
      expect(await askVersion(town.prod)).toEqual({ ...shipped, alsoHolds: undefined, deployment: DEPLOYMENT });
    },
    LIMIT_MS,
  );

  it('leaves in git what runs where, and what each release fixed', async () => {
    const titles = await Promise.all(['1', '2'].map(async (id) => (await town.get(`/v1/bugs/${id}`)).body.title));
    const fixed = titles.map((title, index) => `- ${title} (#${index + 1})`);
    expect(await git('rev-parse', 'refs/tidegate/env/prod')).toBe(shipped.sha);
    expect(await git('rev-parse', `refs/tidegate/deployments/${DEPLOYMENT}`)).toBe(shipped.sha);
    for (const tag of ['v1.4.3', 'release/1.4.3']) {
      expect(await git('cat-file', '-t', `refs/tags/${tag}`)).toBe('tag');
      expect(await git('rev-parse', `refs/tags/${tag}^{commit}`)).toBe(shipped.sha);
      const message = await git('for-each-ref', '--format=%(contents)', `refs/tags/${tag}`);
      expect(message.split('\n').filter((line) => line.startsWith('- '))).toEqual(fixed);
    }
    const changelog = await git('show', `${shipped.sha}:CHANGELOG.md`);
    const section = /## \[1\.4\.3\][^]*?(?=\n## \[)/.exec(changelog)?.[0] ?? '';
    expect(section).toContain('### Fixed');
    expect(section.split('\n').filter((line) => line.startsWith('- '))).toEqual(fixed);
  });

  it('brings both fixes to the main line: the next release does not lose them', async () => {
    const files = defects.map(({ product }) => product.file);
    expect(new Set(files).size).toBe(2);
    expect(await git('diff', '--name-only', 'v1.4.2', 'main', '--', 'src/shelves')).toBe([...files].sort().join('\n'));
    expect(await git('diff', '--name-only', shipped.sha, 'main', '--', 'src/shelves')).toBe('');
  });

  it('leaves a record that holds, a report of both deployments, and no process', async () => {
    expect(await town.ledger.verify()).toBeNull();
    const { body } = await town.get<{ items: readonly { readonly name: string; readonly kind?: string }[] }>(
      '/v1/reports',
    );
    const names = body.items.map(({ name }) => name).sort();
    expect(names).toEqual([
      expect.stringMatching(/^release_1\.4\.2\+bug\.1\.2_uat_\d{4}-\d\d-\d\d-\d{4}$/),
      expect.stringMatching(/^release_1\.4\.3_prod_\d{4}-\d\d-\d\d-\d{4}$/),
    ]);
    for (const name of names) {
      for (const kind of ['md', 'json']) await access(join(town.paths.reports, `${name}.${kind}`));
    }
    expect(await processesOf(town, DEPLOYMENT)).toEqual([]);
  });

  it('costs the server what the golden file says, also here: no bug is dearer than it was thought to be', async () => {
    for (const id of ['bug/shop/1', 'bug/shop/2']) {
      const { workflowTask = 0, ...counts } = await countEvents(temporal().client, id);
      const { workflowTask: bound = 0, ...golden } = goldenCounts('bug', { workflowTask, ...counts });
      expect(counts).toEqual(golden);
      expect(workflowTask).toBeLessThanOrEqual(Math.ceil(1.25 * bound));
    }
  });

  it('leaves runs that replay: an upgrade with open runs loses none of them', async () => {
    const workflowBundle = { codePath: process.env.TIDEGATE_TEST_BUNDLE ?? '' };
    const runs = ['bug/shop/1', 'deploy/shop/uat/shop-uat-1', `deploy/shop/prod/${DEPLOYMENT}`];
    for (const id of [...runs, 'env/shop/uat', 'env/shop/prod']) {
      const history = await temporal().client.workflow.getHandle(id).fetchHistory();
      await expect(Worker.runReplayHistory({ workflowBundle }, history, id)).resolves.toBeUndefined();
    }
  });
});

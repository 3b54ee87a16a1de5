import { writeFile } from 'node:fs/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { describe as reportOf } from '../../src/demo/demo-bugs';
import { findDefect, prepareFix } from '../../src/demo/fixes';
import { writeEnvFile } from '../../src/demo/shop';
import { devServer } from '../support/environments';
import { eventually, makeTown, type Town } from './town';

const temporal = devServer();
const LIMIT_MS = 180_000;
const BUG = 'bug/shop/1';

let town: Town;

const handle = (id = BUG): WorkflowHandle => temporal().client.workflow.getHandle(id);

/** What the UI's page of a run shows as current details. */
async function detailsOf(id: string): Promise<string> {
  const shown = await handle(id).query<{ currentDetails?: string }>('__temporal_workflow_metadata');
  return shown.currentDetails ?? '';
}

/** Ids of the runs that the UI lists for a filter, once there are some. */
function listed(query: string): Promise<readonly string[]> {
  const list = async (): Promise<readonly string[]> => {
    const ids: string[] = [];
    for await (const { workflowId } of temporal().client.workflow.list({ query })) ids.push(workflowId);
    return ids;
  };
  return eventually(list, (ids) => ids.length > 0);
}

/** Summaries that the UI's history shows beside timers. */
async function timerSummaries(id: string): Promise<readonly unknown[]> {
  const { events } = await handle(id).fetchHistory();
  return (events ?? []).flatMap(({ timerStartedEventAttributes: timer, userMetadata }) =>
    timer ? [userMetadata?.summary ? defaultPayloadConverter.fromPayload(userMetadata.summary) : null] : [],
  );
}

/** The record of a bug or environment: who did what, from where. */
async function record(subject: string): Promise<readonly string[]> {
  const events = await town.ledger.timeline('shop', subject, 500);
  return events.map(({ event: { kind, actor, surface } }) => `${kind} by ${actor} (${surface})`);
}

describe('an operator in front of the Temporal UI', () => {
  beforeAll(async () => {
    town = await makeTown({ temporal });
    // UAT's environment file was never filled in: the train is aborted before anything is touched.
    await writeFile(town.paths.envFile('uat'), 'SHOP_ENV=uat\nPORT=changeme\nTARGET=changeme\n');
    await town.start('T1');
    const defect = await findDefect(town.repository, () => false);
    await town.post('dev', '/v1/bugs', await reportOf(town.prod, defect));
    await prepareFix(town.repository, '1', defect, { breaking: false, now: new Date() });
    await town.post('ann', '/v1/bugs/1/decisions', { verb: 'confirm' });
    await town.untilBug('1', ({ blockedBy }) => blockedBy !== null);
  }, LIMIT_MS);

  afterAll(() => town.end(), LIMIT_MS);

  it('finds a stuck bug by its status, and reads what stuck it and who can help, without opening another tool', async () => {
    expect(await listed('TidegateService="shop" AND TidegateStatus="planned" AND TidegateWaitingFor="person"')).toEqual(
      [BUG],
    );
    expect(await listed('TidegateEnv="prod"')).toEqual(['env/shop/prod']);
    const { title, blockedBy } = (await town.get('/v1/bugs/1')).body;
    expect(await (await handle().describe()).staticSummary()).toBe(`#1 [low] ${title}`);
    const details = await detailsOf(BUG);
    expect(details).toMatch(/^### #1 planned\n/);
    expect(details).toContain('PORT is still a placeholder');
    expect(details).toContain(blockedBy!.whoCanLift);
    expect(await detailsOf('env/shop/uat')).toContain('- **runs**: 1.4.2');
    expect(await (await handle('deploy/shop/uat/shop-uat-1').describe()).staticSummary()).toMatch(
      /^shop-uat-1: 1-uat-/,
    );
  });

  it('sees what every timer waits for', async () => {
    expect(await timerSummaries(BUG)).toEqual([expect.stringMatching(/^T1 at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/)]);
    const boarding = await timerSummaries('env/shop/uat');
    expect(boarding).toEqual(expect.arrayContaining(['boarding', 'end of shop-uat-1']));
  });

  it('sends nonsense by mistake: it is recorded, and the bug is not stuck for ever', async () => {
    await handle().signal('decide', 'retry please');
    await handle().signal('decide', { verb: 'ship-it-now' });
    await handle().signal('decide');
    await expect(handle().executeUpdate('decide', { args: [['retry']] })).rejects.toMatchObject({
      cause: { message: 'a decision is an object such as {"verb":"retry"}' },
    });
    const malformed = 'message.malformed by operator via Temporal (temporal-ui)';
    const kept = await eventually(
      () => record('bug/1'),
      (lines) => lines.filter((line) => line === malformed).length >= 3,
    );
    expect(kept.filter((line) => line === malformed)).toHaveLength(3);
    expect((await town.get('/v1/bugs/1')).body.status).toBe('planned');
  });

  it(
    'retries the stuck bug once the cause is mended, and the record says that it was an operator in Temporal',
    async () => {
      await writeEnvFile(town.paths, town.uat);
      await expect(handle().executeUpdate('decide', { args: [{ verb: 'retry' }] })).resolves.toMatchObject({
        recorded: true,
      });
      expect((await record('bug/1')).at(-1)).toBe('bug.retried by operator via Temporal (temporal-ui)');
      await town.start('T1');
      const bug = await town.untilBug('1', ({ status }) => status === 'deployed_uat');
      expect(bug.deployments.map(({ id, verdict }) => `${id} ${verdict}`)).toEqual([
        'shop-uat-1 Aborted',
        'shop-uat-2 Released',
      ]);
      expect(await listed('TidegateStatus="deployed_uat" AND TidegateSeverity="low"')).toEqual([BUG]);
    },
    LIMIT_MS,
  );

  it('cannot approve unsigned, neither by update nor by signal: nothing reaches PROD without a known person', async () => {
    const { fix } = (await town.get('/v1/bugs/1')).body;
    const approval = { verb: 'approve-prod', sha: fix?.head };
    const refused = /approve through the API, CLI, board or bot\.$/;
    await expect(handle().executeUpdate('decide', { args: [approval] })).rejects.toMatchObject({
      cause: { type: 'Refused', message: expect.stringMatching(refused) },
    });
    await handle().signal('decide', approval);
    const line = 'decision.refused by operator via Temporal (temporal-ui)';
    await eventually(
      () => record('bug/1'),
      (lines) => lines.includes(line),
    );
    const bug = (await town.get('/v1/bugs/1')).body;
    expect(bug).toMatchObject({ status: 'deployed_uat', approvals: [] });
    expect(bug.timeline.at(-1)?.words).toMatch(refused);
  });

  it('lives on after bytes that only claim to be JSON: one bad signal does not end the approvals of a bug', async () => {
    const malformed = async () => (await record('bug/1')).filter((line) => line.startsWith('message.malformed')).length;
    const before = await malformed();
    await temporal().client.workflowService.signalWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: BUG },
      signalName: 'decide',
      input: { payloads: [{ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('{"verb":') }] },
    });
    await eventually(malformed, (count) => count === before + 1);
    await expect(handle().query('state')).resolves.toMatchObject({ status: 'deployed_uat' });
  });

  it('holds PROD and lets it go again: the line can be stopped from the one tool that still answers', async () => {
    await handle('env/shop/prod').signal('decide', { verb: 'hold', reason: 'the payment provider is down' });
    await eventually(
      async () => (await town.ledger.environment('shop', 'prod'))?.holds ?? [],
      (holds) => holds.length === 1,
    );
    expect(await detailsOf('env/shop/prod')).toContain('operator via Temporal: the payment provider is down');
    await handle('env/shop/prod').executeUpdate('decide', { args: [{ verb: 'resume' }] });
    expect((await record('env/prod')).slice(-2)).toEqual([
      'environment.held by operator via Temporal (temporal-ui)',
      'environment.resumed by operator via Temporal (temporal-ui)',
    ]);
  });
});

import { createConductor, type DecisionOutcome } from '../../src/client/conductor';
import type { BugDecision } from '../../src/domain/verbs';
import type { DeploymentOrder } from '../../src/domain/deployment-order';
import { bugWorkflowId, environmentWorkflowId, MAIN_QUEUE } from '../../src/domain/ids';
import { SURFACES } from '../../src/domain/people';
import { proofBy, signedFor, SIGNER, STRANGER } from '../support/signing';
import { fixOf } from './scripted-ports';
import { startWorld, testPolicy } from './world';

const policy = testPolicy();
const prod = policy.environments.prod;
if (!prod) throw new Error('the policy has a production');
const two = { ...prod.approvals.default, count: 2 };
const world = startWorld({
  ...policy,
  environments: {
    ...policy.environments,
    prod: { ...prod, approvals: { ...prod.approvals, severity: { medium: two } } },
  },
});

const BO = { id: 'bo', roles: ['manager'], surface: 'api' } as const;
const NOTHING = { sha: null, reason: null, severity: null, foundIn: null, flow: null, ref: null, signature: null };
let approvals = 0;
const approvalOf = (bug: string, more: Partial<BugDecision> = {}): BugDecision => ({
  // Temporal answers a repeated update id with its first answer: each has one of its own.
  ...{ ...NOTHING, id: `approval-${(approvals += 1)}`, verb: 'approve-prod', actor: BO, sha: fixOf(bug).head },
  ...more,
});
const run = (bug: string) => world().environment.client.workflow.getHandle(bugWorkflowId('shop', bug));
/** Past the world's own hand, which would sign. */
const sendRaw = (bug: string, decision: BugDecision): Promise<DecisionOutcome> =>
  createConductor(world().environment.client).decideBug('shop', bug, decision);
const signedNow = async (bug: string, decision: BugDecision, signer = SIGNER): Promise<BugDecision> =>
  signedFor(await world().bug(bug), decision, await world().now(), signer);
const sentenceOf = (outcome: DecisionOutcome): string =>
  outcome.outcome === 'refused' ? outcome.refusal.sentence : outcome.outcome;
const refusalsOf = async (bug: string) =>
  (await world().ledger.timeline('shop', `bug/${bug}`, 500)).flatMap(({ event }) =>
    event.kind === 'decision.refused' ? [event] : [],
  );

describe('nobody but the API lets anything reach production', () => {
  it('refuses and records what is forged, replayed or retouched, by signal and by update', async () => {
    await world().toUat('1');
    await world().toUat('2');
    const good = await signedNow('1', approvalOf('1'));
    const now = await world().now();
    const state = await world().bug('1');
    const needs = 'approve-prod needs a known person: approve through the API, CLI, board or bot.';
    const cases: readonly (readonly [BugDecision, string])[] = [
      [approvalOf('1'), needs],
      [
        { ...good, id: 'x', reason: 'hurry' },
        `${needs} The signature that came with it is not of this decision at this gate.`,
      ],
      [{ ...good, id: 'y', actor: { ...BO, id: 'ann' } }, needs],
      [await signedNow('2', approvalOf('1')), needs],
      [await signedNow('1', approvalOf('1'), STRANGER), 'which no worker knows: see TIDEGATE_VERIFY_KEYS.'],
      [signedFor(state, approvalOf('1'), now - 11 * 60_000), 'was signed too long ago'],
      [signedFor({ ...state, statusAt: state.statusAt - 1 }, approvalOf('1'), now), 'was given on an earlier state'],
      [signedFor({ ...state, revision: 'r0' }, approvalOf('1'), now), 'under another revision of the policy'],
    ];
    for (const [index, [forged, sentence]] of cases.entries()) {
      const decision = forged;
      expect([index, sentenceOf(await sendRaw('1', decision))]).toEqual([index, expect.stringContaining(sentence)]);
      await run('1').signal('decide', decision);
    }
    await world().eventually('each is on record', async () => (await refusalsOf('1')).length === cases.length);
    const hands = (await refusalsOf('1')).map(({ actor }) => actor);
    // Who is not proven is nobody; what is authentic and too late is still its person's.
    const nobody = 'operator via Temporal';
    expect(hands.sort()).toEqual(['bo', 'bo', 'bo', nobody, nobody, nobody, nobody, nobody]);
    expect((await world().bug('1')).approvals).toEqual([]);
    expect(sentenceOf(await sendRaw('1', good))).toBe('accepted');
    const [approval] = (await world().bug('1')).approvals;
    expect(approval).toMatchObject({ by: 'bo', proof: { signature: good.signature } });
    expect(JSON.parse(approval?.proof.text ?? '')).toMatchObject({ workflow: 'bug/shop/1', decision: { id: good.id } });
    await world().until('1', 'deployed_prod');
    await world().decide('2', 'close', 'ann', { reason: 'over' });
  });

  it('gives an approval of an earlier round no second life', async () => {
    await world().toUat('3');
    const good = await signedNow('3', approvalOf('3'));
    expect(sentenceOf(await sendRaw('3', good))).toBe('accepted');
    await world().decide('3', 'withdraw', 'bo');
    expect(sentenceOf(await sendRaw('3', { ...good, id: good.id }))).toBe('accepted');
    expect(await world().bug('3')).toMatchObject({ status: 'deployed_uat', approvals: [], booking: null });
    await world().decide('3', 'close', 'ann', { reason: 'over' });
  });

  it('counts one person once, from whichever surface', async () => {
    await world().report('4');
    expect(sentenceOf(await world().decide('4', 'confirm', 'ann', { severity: 'medium' }))).toBe('accepted');
    await world().until('4', 'deployed_uat');
    const outcomes: string[] = [];
    for (const surface of SURFACES.filter((each) => each !== 'tidegate' && each !== 'temporal-ui')) {
      const decision = approvalOf('4', { id: `by-${surface}`, actor: { ...BO, surface } });
      outcomes.push(sentenceOf(await sendRaw('4', await signedNow('4', decision))));
    }
    const already = 'bo has already approved bug 4; it waits for another person.';
    expect(outcomes).toEqual(['accepted', already, already, already]);
    expect((await world().bug('4')).status).toBe('deployed_uat');
    const reporter = approvalOf('4', { id: 'r', actor: { id: 'rita', roles: ['admin'], surface: 'telegram' } });
    expect(sentenceOf(await sendRaw('4', await signedNow('4', reporter)))).toContain('asks for four eyes');
    await world().decide('4', 'close', 'ann', { reason: 'over' });
  });

  it('lets whoever can write to Temporal retry and hold, as that and as nobody else', async () => {
    await world().report('5', { fix: false });
    const hold = { id: 'h', verb: 'hold', actor: { id: 'ann', roles: ['admin'], surface: 'api' }, reason: 'x' };
    const uat = world().environment.client.workflow.getHandle(environmentWorkflowId('shop', 'uat'));
    const holds = async () => (await world().ledger.environment('shop', 'uat'))?.holds.map(({ by }) => by);
    await uat.signal('decide', hold);
    await world().eventually('it is held', async () => (await holds())?.length === 1);
    expect(await holds()).toEqual(['operator via Temporal']);
    await uat.signal('decide', { verb: 'resume' });
    await world().eventually('it is free', async () => (await holds())?.length === 0);
    await world().decide('5', 'reject', 'ann', { reason: 'over' });
  });

  it('stops before anything is touched when an approval does not verify on the worker itself', async () => {
    const acts = world().script.acts.length;
    const at = await world().now();
    const prodRun = world().environment.client.workflow.getHandle(environmentWorkflowId('shop', 'prod'));
    const proof = proofBy('bo', fixOf('66').head, '66', at, 'shop', STRANGER);
    const approval = { by: 'bo', at, sha: fixOf('66').head, productionSha: null, proof };
    const passenger = { bug: '66', title: 'x', severity: 'low', modules: [], fix: fixOf('66'), approvals: [approval] };
    const rest = { slot: null, told: null, label: null, announced: true, replyTo: 'nobody' };
    await prodRun.signal('request', { id: '66', kind: 'immediate', passenger, at, ...rest });
    const ended = async () => (await world().ledger.environment('shop', 'prod'))?.endedRequests.includes('66') === true;
    await world().eventually('it ended', ended);
    const query = { services: ['shop'], env: 'prod', limit: 1, cursor: null };
    const [last] = (await world().ledger.deployments(query)).items;
    expect(last).toMatchObject({
      verdict: 'Aborted',
      reason: expect.stringContaining('which this worker does not trust'),
    });
    expect(world().script.acts).toHaveLength(acts);
  });

  it('is not told by a message what production is, nor how many approvals are enough', async () => {
    const { script, ledger, environment } = world();
    await world().report('67');
    expect(sentenceOf(await world().decide('67', 'confirm', 'ann', { severity: 'medium' }))).toBe('accepted');
    await world().until('67', 'deployed_uat');
    expect(sentenceOf(await sendRaw('67', await signedNow('67', approvalOf('67'))))).toBe('accepted');
    const acts = script.acts.length;
    const at = await world().now();
    const { approvals: one } = await world().bug('67');
    const passenger = {
      bug: '67',
      title: 'x',
      severity: 'low' as const,
      modules: [],
      fix: fixOf('67'),
      approvals: one,
    };
    const place = await ledger.environment('shop', 'prod');
    const order: DeploymentOrder = {
      ...{
        id: 'shop-prod-900',
        service: 'shop',
        env: 'prod',
        strategy: 'all-at-once',
        fence: 1_000,
        departedAt: 1,
        kept: [],
      },
      ...{ passengers: [{ ...passenger, approvals: [] }], running: place?.running ?? null },
      ...{ base: place?.running ?? null, leaveUntil: null, mainline: 'duty', validation: 'uat', zone: 'UTC' },
      ...{ revision: policy.revision, signers: [], policy: { ...prod, production: false } },
    };
    const reasonOf = async (id: string) => (await ledger.deployment(id))?.reason;
    await environment.client.workflow.start('deploymentWorkflow', {
      ...{ workflowId: 'deploy/shop/prod/shop-prod-900', taskQueue: MAIN_QUEUE, args: [order] },
    });
    await world().eventually('it ended by hand', async () => (await reasonOf('shop-prod-900')) != null);
    expect(await reasonOf('shop-prod-900')).toContain('nobody approved bug 67');
    const rest = { slot: null, told: null, label: null, announced: true, replyTo: 'nobody' };
    const prodRun = environment.client.workflow.getHandle(environmentWorkflowId('shop', 'prod'));
    await prodRun.signal('request', { id: '67', kind: 'immediate', passenger, at, ...rest });
    const ended = async () => (await ledger.environment('shop', 'prod'))?.endedRequests.includes('67') === true;
    await world().eventually('it ended', ended);
    const query = { services: ['shop'], env: 'prod', limit: 1, cursor: null };
    const [last] = (await ledger.deployments(query)).items;
    expect(last).toMatchObject({
      verdict: 'Aborted',
      reason: expect.stringContaining('bug 67 is deployed_uat in the ledger: its approvals are not complete'),
    });
    expect(script.acts).toHaveLength(acts);
    await world().decide('67', 'close', 'ann', { reason: 'over' });
  });
});

describe('a flood', () => {
  it('of 2,000 messages costs neither the gate nor what it knows: the run goes on as a new one', async () => {
    await world().toUat('7');
    const first = (await run('7').describe()).runId;
    const kept = (await world().bug('7')).confirmedBy;
    const taken = await signedNow('7', approvalOf('7'));
    const flood = [
      () => run('7').signal('decide', { ...taken, signature: taken.signature?.replace(/.$/, 'x') ?? null }),
      () => run('7').signal('decide', 'not an object'),
      () => run('7').signal('arrived', { request: 7 }),
      () => run('7').signal('nobody-knows-this', {}),
      () => run('7').signal('decide', { ...taken, signature: taken.signature?.replace(/.{8}$/, '00000000') ?? null }),
    ];
    for (let wave = 0; wave < 20; wave += 1) {
      await Promise.all(Array.from({ length: 20 }, () => flood.map((send) => send())).flat());
    }
    await world().eventually('it goes on as a new run', async () => (await run('7').describe()).runId !== first);
    const good = await signedNow('7', approvalOf('7', { id: 'after the flood' }));
    expect(sentenceOf(await sendRaw('7', good))).toBe('accepted');
    expect(await world().bug('7')).toMatchObject({ confirmedBy: kept, approvals: [{ by: 'bo' }] });
    await world().until('7', 'deployed_prod');
  });
});

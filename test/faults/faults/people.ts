/** Messages in any order, any number, and from anybody (F25 to F31, F33). */
import { setTimeout as sleep } from 'node:timers/promises';
import { bugWorkflowId, deploymentWorkflowId, environmentWorkflowId } from '../../../src/domain/ids';
import { requestSignal } from '../../../src/workflows/messages';
import type { CaseContext } from '../context';
import { requestFor } from '../journeys';
import { arrival, letGo, prepareAtPoint } from '../strikes';
import type { Fault } from './index';
import { RELEASED_OR_BACK } from './processes';

const DECISIONS = '/v1/bugs/1/decisions';

async function bugIs({ until, ledger, folder, isOver }: CaseContext, status: string): Promise<string> {
  const bug = await until(
    () => ledger.bug(folder.service, '1'),
    (state) => state?.status === status || isOver(),
  );
  return bug?.fix?.head ?? '';
}

/** The same decision twenty times under one key, and as often under others: one of them counts (F25). */
async function duplicates(context: CaseContext): Promise<boolean> {
  const { post, random, ledger, folder, say } = context;
  const sha = await bugIs(context, 'deployed_uat');
  const keys = [...Array<string>(20).fill('same'), ...Array.from({ length: 20 }, (_, at) => `other-${at}`)];
  const body = { verb: 'approve-prod', sha };
  const answers = await Promise.all(random.shuffle(keys).map((key) => post('cy', DECISIONS, body, key)));
  const taken = answers.filter(({ status }) => status < 300).length;
  say(`${taken} of ${answers.length} answers say taken`);
  const approvals = (await ledger.timeline(folder.service, 'bug/1', 500)).filter(
    ({ event }) => event.kind === 'bug.approved' && event.actor === 'cy',
  );
  if (approvals.length > 1) throw new Error(`one person was counted ${approvals.length} times`);
  return true;
}

/** Before there is anything to approve, and after everything is over (F26, F27). */
async function earlyAndLate(context: CaseContext): Promise<boolean> {
  const { post, until, ledger, folder, over, client, say } = context;
  await until(
    () => ledger.bug(folder.service, '1'),
    (bug) => bug !== null,
  );
  const early = await post('bo', DECISIONS, { verb: 'approve-prod', sha: 'a'.repeat(40) }, 'early');
  if (early.status < 400) throw new Error(`an approval before its gate was answered ${early.status}`);
  await over;
  const late = await post('cy', DECISIONS, { verb: 'approve-prod', sha: 'a'.repeat(40) }, 'late');
  if (late.status < 400) throw new Error(`an approval after the end was answered ${late.status}`);
  const bug = await client.workflow.getHandle(bugWorkflowId(folder.service, '1')).describe();
  say(`early ${early.status}, late ${late.status}, the bug's run is ${bug.status.name}`);
  return true;
}

/** Ten approvals and withdrawals at once, in an order of the seed: one deployment or none (F28, F29). */
async function crowd(context: CaseContext): Promise<boolean> {
  const { post, random, say } = context;
  const sha = await bugIs(context, 'deployed_uat');
  const approve = { verb: 'approve-prod', sha };
  const votes = Array.from({ length: 10 }, (_, at) => ({ as: at % 2 ? 'cy' : 'bo', body: approve }) as const);
  const all = random.shuffle([...votes, { as: 'bo', body: { verb: 'withdraw' } } as const]);
  const answers = await Promise.all(
    all.map(async ({ as, body }, at) => {
      await sleep(random.whole(0, 300));
      return `${as} ${body.verb} ${(await post(as, DECISIONS, body, `crowd-${at}`)).status}`;
    }),
  );
  say(answers.join(', '));
  // Whoever was last may have taken it back: then somebody asks again, or the journey would wait for ever.
  await post('cy', DECISIONS, approve, 'crowd-again');
  await post('bo', DECISIONS, approve, 'crowd-bo-again');
  return true;
}

const FLOOD = 1_200;

/** More messages than a run takes in, to every run; people are heard all the same (F30). */
async function flood(context: CaseContext): Promise<boolean> {
  const { client, folder, say } = context;
  await context.worker().up;
  const environment = client.workflow.getHandle(environmentWorkflowId(folder.service, 'uat'));
  const wish = await requestFor(context, '1');
  for (let sent = 0; sent < FLOOD; sent += 100) {
    await Promise.all(Array.from({ length: 100 }, () => environment.signal('decide', { verb: 'nonsense' })));
  }
  await environment.signal(requestSignal, wish);
  say(`${FLOOD} messages were sent`);
  return true;
}

/** Somebody stops it, in the middle of whatever it does, while another run drowns in messages (F28, F30, F39). */
async function abort(context: CaseContext): Promise<boolean> {
  const { client, folder, post, say } = context;
  if (!(await arrival(context))) return false;
  const id = `${folder.service}-uat-1`;
  const run = client.workflow.getHandle(deploymentWorkflowId(folder.service, 'uat', id));
  for (let sent = 0; sent < 20; sent += 1) await run.signal('decide', { verb: 'nonsense' }).catch(() => undefined);
  await letGo(context, context.worker());
  const wish = { verb: 'abort', reason: 'the harness changed its mind' };
  const { status } = await post('bo', `/v1/deployments/${id}/decisions`, wish, 'abort');
  say(`abort: ${status}`);
  return status < 300;
}

/** Whatever anybody with access to the namespace may send: recorded, ignored, survived (F33). */
async function garbage(context: CaseContext): Promise<boolean> {
  const { client, folder, random, isOver } = context;
  const payloads: readonly unknown[] = [null, 42, 'text', [], {}, { verb: 'approve-prod' }, { deployment: 1 }];
  const names = ['decide', 'configure', 'request', 'withdraw', 'dropFix', 'deploymentEnded', 'baseAdvanced', 'arrived'];
  const ids = [
    environmentWorkflowId(folder.service, 'uat'),
    environmentWorkflowId(folder.service, 'prod'),
    bugWorkflowId(folder.service, '1'),
    deploymentWorkflowId(folder.service, 'uat', `${folder.service}-uat-1`),
  ];
  for (let sent = 0; sent < 60 && !isOver(); sent += 1) {
    const run = client.workflow.getHandle(random.pick(ids));
    await run.signal(random.pick(names), random.pick(payloads)).catch(() => undefined);
    await sleep(random.whole(0, 200));
  }
  return true;
}

const start = (context: CaseContext): Promise<void> => Promise.resolve(void context.startWorker());
const walking = { strikes: 'any-time', journey: 'report', allowed: RELEASED_OR_BACK, prepare: start } as const;

export const peopleFaults: readonly Fault[] = [
  { ...walking, name: 'duplicates', covers: 'F25', weight: 1, strike: duplicates },
  { ...walking, name: 'early-and-late', covers: 'F26 F27', weight: 1, strike: earlyAndLate },
  { ...walking, name: 'crowd', covers: 'F28 F29', weight: 1, strike: crowd },
  { ...walking, name: 'flood', covers: 'F30 F31', weight: 0.5, journey: 'request', strike: flood },
  {
    ...{ name: 'abort', covers: 'F28 F30 F39', weight: 2, strikes: 'steps', journey: 'request' },
    ...{ allowed: [...RELEASED_OR_BACK, 'Aborted'], prepare: prepareAtPoint, strike: abort },
  },
  { ...walking, name: 'garbage', covers: 'F33', weight: 1, strike: garbage },
];

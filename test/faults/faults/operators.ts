/** What operators and machines do to runs behind our back (F20 to F24, F38, F39), and a second worker. */
import { writeFile, appendFile, rename } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { deploymentWorkflowId, environmentWorkflowId } from '../../../src/domain/ids';
import { currentFile, targetFolder } from '../case-folder';
import type { CaseContext } from '../context';
import { deploymentsOf, requestDeployment, untilLanded } from '../journeys';
import { arrival, letGo, prepareAtPoint } from '../strikes';
import type { Fault } from './index';
import { RELEASED_OR_BACK } from './processes';

/** The run of the newest deployment, as Temporal knows it. */
async function newestRun({ until, ledger, folder, client, isOver }: CaseContext) {
  const found = await until(
    () => deploymentsOf(ledger, folder.service),
    (all) => all.length > 0 || isOver(),
  );
  const newest = found[0];
  if (newest?.verdict !== null) return null;
  return client.workflow.getHandle(deploymentWorkflowId(folder.service, newest.env, newest.id));
}

async function cancel(context: CaseContext): Promise<boolean> {
  if (!(await arrival(context))) return false;
  const run = await newestRun(context);
  await run?.cancel().catch(() => undefined);
  context.say('an operator cancels the deployment');
  await letGo(context, context.worker());
  return run !== null;
}

async function terminate(context: CaseContext): Promise<boolean> {
  if (!(await arrival(context))) return false;
  const run = await newestRun(context);
  await run?.terminate('an operator').catch(() => undefined);
  context.say('an operator terminates the deployment');
  await letGo(context, context.worker());
  return run !== null;
}

/** Back to before the first activity: everything is done again, and nothing twice. */
async function reset(context: CaseContext): Promise<boolean> {
  if (!(await arrival(context))) return false;
  const run = await newestRun(context);
  const { world, client, say } = context;
  if (run !== null) {
    const { runId } = await run.describe();
    const { events } = await run.fetchHistory();
    const first = events?.find(({ workflowTaskCompletedEventAttributes }) => workflowTaskCompletedEventAttributes);
    await client.workflowService
      .resetWorkflowExecution({
        namespace: world.temporal.namespace,
        workflowExecution: { workflowId: run.workflowId, runId },
        workflowTaskFinishEventId: first?.eventId ?? null,
        requestId: `reset-${runId}`,
        reason: 'an operator',
      })
      .then(() => say('an operator resets the deployment to its beginning'))
      .catch((error: unknown) => say(`the reset is refused: ${String(error)}`));
  }
  await letGo(context, context.worker());
  return run !== null;
}

/** The environment's own run is terminated, and comes back with the next worker that starts. */
async function terminateEnvironment(context: CaseContext): Promise<boolean> {
  if (!(await arrival(context))) return false;
  const { client, folder, spec, say } = context;
  const env = spec.journey === 'report' ? 'prod' : 'uat';
  await client.workflow
    .getHandle(environmentWorkflowId(folder.service, env))
    .terminate('an operator')
    .catch(() => undefined);
  say(`an operator terminates the run of ${env}`);
  await letGo(context, context.worker());
  const old = context.worker();
  const next = context.startWorker();
  await next.up;
  old.signal('SIGTERM');
  await old.ended;
  return true;
}

async function secondWorker(context: CaseContext): Promise<boolean> {
  const first = context.worker();
  const second = context.startWorker();
  await Promise.all([first.up, second.up]);
  await sleep(context.spec.afterMs);
  context.random.pick([first, second]).signal('SIGKILL');
  return true;
}

/** Somebody deploys by hand while we do (F24): what runs is not ours, and we must say so instead of claiming it. */
async function handDeploy(context: CaseContext): Promise<boolean> {
  const { folder, until, ledger, isOver } = context;
  context.startWorker();
  await until(
    () => deploymentsOf(ledger, folder.service, 'uat'),
    (all) => all[0]?.phase === 'watch' || isOver(),
  );
  if (isOver()) return false;
  const sha = 'd'.repeat(40);
  const next = `${targetFolder(folder.root, 'uat')}/by-hand`;
  await writeFile(next, `${JSON.stringify({ version: '9.9.9', sha, deployment: 'by-hand', broken: false })}\n`);
  await rename(next, currentFile(folder.root, 'uat'));
  await appendFile(`${folder.root}/effects`, `${Date.now()}000000 commit uat hand by-hand 0 ${process.pid} ${sha}\n`);
  context.say('somebody deployed by hand');
  return true;
}

/** Two bugs want one environment at once, and the worker dies meanwhile (F20). */
async function twoBugs(context: CaseContext): Promise<boolean> {
  context.startWorker();
  await context.worker().up;
  await requestDeployment(context, '2');
  await sleep(context.spec.afterMs);
  context.worker().signal('SIGKILL');
  await context.startWorker().up;
  await untilLanded(context, '2');
  return true;
}

const nothing = (): Promise<void> => Promise.resolve();
const ANY = [...RELEASED_OR_BACK, 'Aborted'];
const atSteps = { strikes: 'steps', journey: 'request', allowed: ANY, prepare: prepareAtPoint } as const;
const anyTime = { strikes: 'any-time', journey: 'request', allowed: ANY, prepare: nothing } as const;

export const operatorFaults: readonly Fault[] = [
  { ...atSteps, name: 'cancel', covers: 'F39', weight: 2, strike: cancel },
  { ...atSteps, name: 'terminate', covers: 'F22 F38', weight: 2, allowed: [...ANY, 'open'], strike: terminate },
  { ...atSteps, name: 'reset', covers: 'F38', weight: 2, strike: reset },
  { ...atSteps, name: 'terminate-environment', covers: 'F38', weight: 1, strike: terminateEnvironment },
  {
    ...anyTime,
    name: 'second-worker',
    covers: 'F20 F23',
    weight: 1,
    allowed: RELEASED_OR_BACK,
    prepare: async (context) => void context.startWorker(),
    strike: secondWorker,
  },
  // Nobody can say what a build is that was put there by hand: no release, and no rollback that claims to be verified.
  { ...anyTime, name: 'hand-deploy', covers: 'F24', weight: 1, allowed: [...ANY, 'Unproven'], strike: handDeploy },
  { ...anyTime, name: 'two-bugs', covers: 'F20', weight: 1, allowed: RELEASED_OR_BACK, strike: twoBugs },
];

/** What a case does while a fault strikes: the whole way of a bug to production, or one deployment of one environment. */
import { join } from 'node:path';
import { createGitSource } from '../../src/drivers/git/source';
import type { DeploymentState } from '../../src/domain/deployment';
import type { DeployRequest } from '../../src/domain/environment';
import { bugSubject, environmentSubject, environmentWorkflowId } from '../../src/domain/ids';
import type { Ledger } from '../../src/ports/ledger';
import { requestSignal } from '../../src/workflows/messages';
import type { CaseContext } from './context';
import type { Stage } from './case-folder';
import type { Facts } from './facts';
import type { Journey } from './plan';

export const journeyOf = (journey: Journey): ((context: CaseContext) => Promise<void>) =>
  journey === 'report' ? report : request;

/** Both environments know what they run. */
export async function environmentsKnown({ until, ledger, folder }: CaseContext): Promise<void> {
  for (const env of ['uat', 'prod']) {
    await until(
      () => ledger.environment(folder.service, env),
      (state) => state?.observedAt != null,
    );
  }
}

const hasEvent = (subject: string, kind: string) => (facts: Pick<Facts, 'events'>) =>
  facts.events.some((event) => event.subject === subject && event.kind === kind);

/** A bug is reported, confirmed, validated, approved and shipped; or comes back with a reason. */
async function report(context: CaseContext): Promise<void> {
  const { folder, acknowledge, say } = context;
  await environmentsKnown(context);
  const wish = { service: folder.service, title: 'It is broken', severity: 'medium', foundIn: 'prod' };
  await accepted(context, 'dev', '/v1/bugs', wish, 'report');
  acknowledge({ what: 'the report of bug 1', at: Date.now(), kept: hasEvent(bugSubject('1'), 'bug.reported') });
  await decide(context, { as: 'ann', verb: 'confirm', kind: 'bug.confirmed' });
  const validated = await untilBug(context, ['deployed_uat']);
  say(`bug 1 is ${validated.status}`);
  if (validated.status !== 'deployed_uat') return;
  await decide(context, { as: 'bo', verb: 'approve-prod', sha: validated.fix?.head ?? '', kind: 'bug.approved' });
  const end = await untilBug(context, ['deployed_prod']);
  say(`bug 1 is ${end.status}`);
  await untilIdle(context, 'prod');
}

interface Wish {
  readonly as: 'ann' | 'bo' | 'cy' | 'dev';
  readonly verb: string;
  readonly sha?: string;
  readonly kind: string;
}

export async function decide(context: CaseContext, { as, verb, sha, kind }: Wish): Promise<void> {
  const body = { verb, ...(sha !== undefined && { sha }) };
  const status = await accepted(context, as, '/v1/bugs/1/decisions', body, `${verb}-${as}`);
  if (status >= 300) return;
  context.acknowledge({ what: `${verb} by ${as}`, at: Date.now(), kept: hasEvent(bugSubject('1'), kind) });
}

async function accepted(
  ...[context, as, path, body, key]: [CaseContext, ...Parameters<CaseContext['post']>]
): Promise<number> {
  const answer = await context.post(as, path, body, key);
  context.say(`${key}: ${answer.status}`);
  // Under a fault of the crowd somebody else may have decided already.
  if (answer.status < 300 || answer.body.code === 'wrong-state') return answer.status;
  throw new Error(`${key} was refused: ${JSON.stringify(answer.body)}`);
}

/** The bug as wanted, or as it is when it came back and waits for a person. */
async function untilBug({ until, ledger, folder }: CaseContext, wanted: readonly string[]) {
  const bug = await until(
    () => ledger.bug(folder.service, '1'),
    (state) => state !== null && (wanted.includes(state.status) || state.blocked !== null),
  );
  if (bug === null) throw new Error('there is no bug');
  return bug;
}

/** Asks validation's environment for one deployment of the fix of bug 1, as a bug's run would. */
async function request(context: CaseContext): Promise<void> {
  await environmentsKnown(context);
  await requestDeployment(context, '1');
  await untilLanded(context, '1');
}

export async function requestDeployment(context: CaseContext, bug: string): Promise<void> {
  const { client, folder, acknowledge, say, until } = context;
  const wish = await requestFor(context, bug);
  const handle = client.workflow.getHandle(environmentWorkflowId(folder.service, 'uat'));
  await until(() => handle.signal(requestSignal, wish).then(() => true), Boolean);
  say(`a deployment of bug ${bug} is asked for`);
  const kept: (facts: Pick<Facts, 'events'>) => boolean = ({ events }) =>
    events.some(
      (event) =>
        event.kind === 'environment.requested' &&
        event.subject === environmentSubject('uat') &&
        event.data.request.id === wish.id,
    );
  acknowledge({ what: `the request ${wish.id}`, at: Date.now(), kept });
}

export async function requestFor({ folder }: CaseContext, bug: string): Promise<DeployRequest> {
  const source = createGitSource({
    url: folder.repository,
    main: 'main',
    versionFile: 'package.json',
    changelog: 'CHANGELOG.md',
    mirrorDir: join(folder.root, 'mirror.git'),
  });
  const fix = await source.fix(`fix/${bug}`);
  if (fix === null) throw new Error(`there is no fix of bug ${bug}`);
  return {
    id: requestIdOf(bug),
    kind: 'immediate',
    slot: null,
    passenger: { bug, title: `Bug ${bug}`, severity: 'medium', modules: [], fix, approvals: [] },
    at: Date.now(),
    told: null,
    label: null,
    announced: true,
    replyTo: `bug/${folder.service}/nobody`,
  };
}

/** The ride of a bug on the validation environment is over, however it ended. */
export async function untilLanded({ until, ledger, folder, say }: CaseContext, bug: string): Promise<void> {
  await until(
    () => ledger.environment(folder.service, 'uat'),
    (state) => state !== null && state.current === null && state.endedRequests.includes(requestIdOf(bug)),
  );
  const ends = await deploymentsOf(ledger, folder.service, 'uat');
  say(ends.map(({ id, verdict }) => `${id} ${verdict ?? 'open'}`).join(', '));
}

/** The newest deployments of a case, newest first. */
export async function deploymentsOf(
  ledger: Ledger,
  service: string,
  env: Stage | null = null,
): Promise<readonly DeploymentState[]> {
  return (await ledger.deployments({ services: [service], env, limit: 100, cursor: null })).items;
}

const requestIdOf = (bug: string): string => `request-${bug}`;

async function untilIdle({ until, ledger, folder }: CaseContext, env: Stage): Promise<void> {
  await until(
    () => ledger.environment(folder.service, env),
    (state) => state !== null && state.current === null && state.queue.length === 0,
  );
}

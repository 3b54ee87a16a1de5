/** A worker that is frozen between its intent and the first line of its script, and wakes when others have settled it. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jobOf } from '../../src/drivers/script/job';
import { findLockTools } from '../../src/drivers/script/lock';
import { startJob } from '../../src/drivers/script/start';
import type { DeploymentOrder } from '../../src/domain/deployment-order';
import { orderOfUat, scriptWorker, type ScriptWorker } from '../support/script-activities';
import { createHooks, makeYard, NEW, OLD, orderOf, until, type Yard } from '../support/script-yard';

let yard: Yard;

beforeEach(async () => {
  yard = await makeYard();
});

afterEach(async () => {
  expect(await yard.end()).toEqual([]);
});

/** It says what runs, and writes down how it was called. */
const SCRIPT = `
  case "\${1:-}" in --status) cat "$EFFECTS.state"; exit ;; --check) exit 0 ;; esac
  # --rollback
  echo "\${1:-deploy} $TIDEGATE_DEPLOYMENT_ID" >>"$EFFECTS"`;
const shows = ({ version, sha }: typeof OLD): Promise<void> =>
  writeFile(join(yard.root, 'effects.state'), `::tidegate version=${version} sha=${sha}`);

/** The deployment before: from then on the target can be asked. */
async function first(): Promise<void> {
  await yard.deployer(SCRIPT).act(orderOf({ deployment: 'shop-prod-0', fence: 0 }), createHooks());
}

async function withIntent<T>(host: string, work: (worker: ScriptWorker) => Promise<T>): Promise<T> {
  const worker = await scriptWorker(yard, yard.deployer(SCRIPT));
  await worker.ledger.intend({ deployment: 'shop-prod-1', step: 'execute', fence: 2, attempt: 1, host, at: 1 });
  return work(worker).finally(() => worker.close());
}

describe('whoever wakes with a number that was settled meanwhile touches nothing', () => {
  /** The act that the frozen worker goes on with. */
  const woken = (): Promise<unknown> => yard.deployer(SCRIPT).act(orderOf({ fence: 2 }), createHooks());

  test.each<[string, typeof OLD, Partial<DeploymentOrder>, string]>([
    ['refused, because its slot was over', OLD, { leaveUntil: 1 }, 'refused'],
    ['done, because its build was there already', NEW, {}, 'done'],
  ])('the next attempt said %s', async (_, running, more, outcome) => {
    await first();
    await shows(running);
    expect(await withIntent('host-1', ({ deploy }) => deploy(orderOfUat(more)))).toMatchObject({ outcome });
    await expect(woken()).rejects.toMatchObject({ kind: 'Fenced' });
    expect(await yard.effects()).toEqual(['deploy shop-prod-0']);
    // Neither its rollback nor the deployment after it is locked out.
    expect(await yard.deployer(SCRIPT).act(orderOf({ deployment: 'next', fence: 3 }), createHooks())).toMatchObject({
      outcome: 'exited',
      code: 0,
    });
  });

  test('a rollback came first: the deploy that sleeps does not switch behind it, and nothing is rolled back', async () => {
    await first();
    await shows(OLD);
    expect(await withIntent('host-1', ({ rollBack }) => rollBack(orderOfUat()))).toMatchObject({
      outcome: 'done',
      proof: expect.stringContaining('already there') as string,
    });
    await expect(woken()).rejects.toMatchObject({ kind: 'Fenced' });
    expect(await yard.effects()).toEqual(['deploy shop-prod-0']);
  });

  test('stop ends also what an earlier runner left unbegun: its number never begins again', async () => {
    const deployer = yard.deployer(SCRIPT);
    await deployer.act(orderOf({ fence: 2 }), createHooks());
    // The runner that slept was the only one that had written its order.
    await rm(yard.jobFile('shop-prod-1.deploy', 'script'));
    await rm(yard.jobFile('shop-prod-1.deploy', 'exit'));
    await deployer.stop('shop-prod-1', 'deploy');
    await expect(woken()).rejects.toMatchObject({ kind: 'Fenced' });
    expect(await yard.effects()).toEqual(['deploy shop-prod-1']);
  });

  test('a script that begins while the next attempt decides is adopted, and never called untouched', async () => {
    await shows(OLD);
    const inner = yard.deployer(SCRIPT);
    const worker = await scriptWorker(yard, {
      ...inner,
      async check(order) {
        await inner.act(order, createHooks());
        await shows(NEW);
        return [{ name: 'late', ok: false, detail: 'too late' }];
      },
    });
    await worker.ledger.intend({
      ...{ deployment: 'shop-prod-1', step: 'execute', fence: 2, attempt: 1, host: 'host-1', at: 1 },
    });
    expect(await worker.deploy(orderOfUat())).toMatchObject({ outcome: 'done' });
    await worker.close();
    expect(await yard.effects()).toEqual(['deploy shop-prod-1']);
  });
});

test('a deploy that another host left unknown is not rolled back from here: its script may live there', async () => {
  await shows(OLD);
  const end = await withIntent('host-2', async ({ ledger, rollBack }) => {
    await ledger.settle('shop-prod-1', 'execute', 'unknown', 'lost', '{}', 2);
    return rollBack(orderOfUat());
  });
  expect(end).toMatchObject({ outcome: 'unknown', reason: expect.stringContaining('host-2') as string });
});

test('a script that began is rolled back by its own verb: one answer of the old version does not prove a way back', async () => {
  await shows(OLD);
  await yard.deployer(SCRIPT).act(orderOf({ fence: 2 }), createHooks());
  const worker = await scriptWorker(yard, yard.deployer(SCRIPT));
  await worker.ledger.intend({
    ...{ deployment: 'shop-prod-1', step: 'execute', fence: 2, attempt: 1, host: 'host-1', at: 1 },
  });
  expect(await worker.rollBack(orderOfUat())).toMatchObject({ outcome: 'done' });
  await worker.close();
  expect(await yard.effects()).toEqual(['deploy shop-prod-1', '--rollback shop-prod-1']);
});

test('a person asks again while a script still lives: its environment is not freed, and the script is named', async () => {
  await shows(OLD);
  const waits = `${SCRIPT}; until [ -e "$EFFECTS.go" ]; do sleep 0.05; done`;
  const acting = yard.deployer(waits).act(orderOf({ fence: 2 }), createHooks());
  await until(async () => (await yard.effects()).length > 0);
  const worker = await scriptWorker(yard, yard.deployer(waits));
  const look = (): Promise<unknown> => worker.look(orderOfUat());
  expect(await look()).toMatchObject({
    answered: false,
    source: expect.stringContaining('the deploy of shop-prod-1 still runs on host-1') as string,
  });
  await writeFile(join(yard.root, 'effects.go'), '');
  await acting;
  await worker.close();
});

test('an abort reaches a worker whose runner is frozen, and the runner never begins the script', async () => {
  const abort = new AbortController();
  const path = process.env.PATH ?? '';
  const runs = `${yard.root}/effects`;
  // Frozen for certain before its first line: opening a pipe that nobody writes holds it there.
  const tools = { ...(await findLockTools(path)), flock: join(yard.root, 'frozen') };
  await writeFile(tools.flock, `#!/bin/sh\necho "service=$$" >>${runs}\nkill -STOP $$\n`, { mode: 0o755 });
  const starting = startJob({
    ...{ job: jobOf(`${yard.root}/work/shop/prod`, 'shop-prod-1', 'deploy'), place: 'shop/prod on host-1' },
    ...{ order: orderOf(), folder: yard.root, script: '/bin/sh', args: ['-c', `echo ran >>${runs}`], variables: {} },
    ...{ runnerPath: path, killGraceMs: 500, outputCapBytes: 1_000, tools, signal: abort.signal },
  });
  const outcome = expect(starting).rejects.toThrow('a person said stop');
  await until(async () => (await yard.pids('service')).length > 0);
  abort.abort(new Error('a person said stop'));
  await outcome;
  for (const pid of await yard.pids('service')) process.kill(pid, 'SIGKILL');
  expect(await yard.settled()).toEqual([]);
  expect(await yard.effects()).not.toContain('ran');
});

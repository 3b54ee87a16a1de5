import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { reapOrphans } from '../../src/activities/reap';
import { deploymentSubject } from '../../src/domain/ids';
import type { EnvironmentEvent } from '../../src/domain/environment';
import { environmentEvents } from '../api/sample';
import { orderOfUat, scriptWorker, type ScriptWorker } from '../support/script-activities';
import { createHooks, deployerIn, isRunning, makeYard, OLD, orderOf, until, type Yard } from '../support/script-yard';

let yard: Yard;

beforeEach(async () => {
  yard = await makeYard();
});

afterEach(async () => {
  expect(await yard.end()).toEqual([]);
});

const WAITS = `trap '' TERM; echo "script=$$" >>"$EFFECTS"; until [ -e "$EFFECTS.go" ]; do sleep 0.05; done; echo "ran $TIDEGATE_DEPLOYMENT_ID" >>"$EFFECTS"`;
const JOB = 'shop-prod-1.deploy';
const NEXT = orderOf({ deployment: 'shop-prod-2', fence: 4 });
const go = (): Promise<void> => writeFile(join(yard.root, 'effects.go'), '');

/** A script whose worker died; only its detached runner is left with it. */
async function orphan(script = WAITS, more: Parameters<typeof orderOf>[0] = {}): Promise<number> {
  const worker = yard.follower(yard.plan(script), orderOf({ fence: 2, ...more }));
  await until(async () => (await yard.pids('script')).length > 0);
  process.kill(-worker.pid!, 'SIGKILL');
  await once(worker, 'exit');
  return (await yard.pids('script'))[0]!;
}

async function killKeeper(): Promise<void> {
  process.kill(Number((await readFile(yard.jobFile(JOB, 'keeper'), 'utf8')).split(' ')[0]), 'SIGKILL');
}

describe('what an earlier worker left behind is found by who it is, not by its number', () => {
  test('a script that still runs is named with its deployment, and none after it is ended', async () => {
    const script = await orphan();
    const deployer = yard.deployer(WAITS);
    expect(await deployer.unfinished()).toEqual([
      { deployment: 'shop-prod-1', act: 'deploy', fence: 2, endsBy: expect.any(Number) },
    ]);
    await deployer.stop('shop-prod-1', 'deploy');
    expect([isRunning(script), await deployer.unfinished()]).toEqual([false, []]);
  });

  test('after a restart of the machine nothing of it is ended, and its environment is free for what observation finds', async () => {
    const script = await orphan();
    await killKeeper();
    process.kill(-script, 'SIGKILL');
    await until(() => !isRunning(script));
    const stranger = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
    for (const name of ['script', 'keeper']) {
      const start = (await readFile(`/proc/${stranger.pid}/stat`, 'utf8')).split(' ')[21];
      await writeFile(yard.jobFile(JOB, name), `${stranger.pid} ${start} 00000000-an-earlier-boot\n`);
    }
    const deployer = yard.deployer('echo "ran $TIDEGATE_DEPLOYMENT_ID" >>"$EFFECTS"');
    expect(await deployer.unfinished()).toEqual([]);
    await deployer.stop('shop-prod-1', 'deploy');
    expect(await deployer.act(orderOf({ fence: 2 }), createHooks())).toMatchObject({ outcome: 'lost' });
    expect(await deployer.act(NEXT, createHooks())).toMatchObject({ outcome: 'exited', code: 0 });
    expect(isRunning(stranger.pid!)).toBe(true);
    process.kill(stranger.pid!, 'SIGKILL');
  });

  test('a session number that a stranger was given meanwhile leads to nobody', async () => {
    const script = await orphan();
    await killKeeper();
    process.kill(-script, 'SIGKILL');
    await until(() => !isRunning(script));
    const leader = spawn('sh', ['-c', 'sleep 60 & echo $!'], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
    const stranger = Number(((await once(leader.stdout, 'data')) as [Buffer])[0].toString());
    if (leader.exitCode === null) await once(leader, 'exit');
    const [, , boot] = (await readFile(yard.jobFile(JOB, 'script'), 'utf8')).trim().split(' ');
    await writeFile(yard.jobFile(JOB, 'script'), `${leader.pid} 1 ${boot}\n`);
    const deployer = yard.deployer(WAITS);
    expect(await deployer.unfinished()).toEqual([]);
    await deployer.stop('shop-prod-1', 'deploy');
    expect(isRunning(stranger)).toBe(true);
    process.kill(stranger, 'SIGKILL');
  });
});

describe('an environment is free only when nothing is left, whatever became of worker and run (F3, F21, F22)', () => {
  test('worker and run are gone, the script works on: whoever is next waits for its end and then goes', async () => {
    await orphan();
    const next = (): Promise<unknown> => yard.deployer(WAITS).act(NEXT, createHooks());
    await expect(next()).rejects.toMatchObject({ kind: 'Busy' });
    await go();
    await until(async () => (await yard.deployer('').unfinished()).length === 0);
    expect(await next()).toMatchObject({ outcome: 'exited', code: 0 });
    const ran = (await yard.effects()).filter((line) => line.startsWith('ran'));
    expect(ran).toEqual(['ran shop-prod-1', 'ran shop-prod-2']);
  });

  /** A script that says what runs, and that ends the first deployment like this. */
  const scriptOf = (end: string): string => `
    shows() { echo "::tidegate version=$1 sha=$2" >"$EFFECTS.state"; }
    case "\${1:-}" in --status) cat "$EFFECTS.state"; exit ;; --check | --rollback) exit 0 ;; esac
    ${WAITS}
    case $TIDEGATE_DEPLOYMENT_ID in shop-prod-1) ${end} ;; *) shows "$TIDEGATE_VERSION" "$TIDEGATE_SHA" ;; esac`;
  const oldRuns = (): Promise<void> =>
    writeFile(join(yard.root, 'effects.state'), `::tidegate version=${OLD.version} sha=${OLD.sha}`);

  test.each([
    ['ended without a trace: it acts, once', 'exit 0', { outcome: 'done' }, ['ran shop-prod-1', 'ran shop-prod-2']],
    [
      'switched at its last moment: it touches nothing and asks for a person',
      `shows 9.9.9 ${'c'.repeat(40)}`,
      { outcome: 'refused', reason: expect.stringContaining('drift: the ledger says 1.4.2') as string },
      ['ran shop-prod-1'],
    ],
  ])('a deployment that met a busy environment looks again; the script before it %s', async (_, ends, found, ran) => {
    await oldRuns();
    const script = scriptOf(ends);
    await orphan(script);
    const worker = await scriptWorker(yard, yard.deployer(script));
    const order = orderOfUat({ id: 'shop-prod-2', fence: 4 });
    await expect(worker.deploy(order)).rejects.toMatchObject({ type: 'Busy', nonRetryable: false });
    await go();
    await until(async () => (await yard.deployer('').unfinished()).length === 0);
    const end = await worker.deploy(order);
    expect(await worker.deploy(order)).toEqual(end);
    await worker.close();
    expect(end).toMatchObject(found);
    expect((await yard.effects()).filter((line) => line.startsWith('ran'))).toEqual(ran);
  });

  test('a slot that is over while its environment was busy: nothing is touched at odd hours any more (X-19)', async () => {
    await oldRuns();
    await orphan(scriptOf('exit 0'));
    const worker = await scriptWorker(yard, yard.deployer(scriptOf('exit 0')));
    const order = orderOfUat({ id: 'shop-prod-2', fence: 4 });
    await expect(worker.deploy({ ...order, leaveUntil: Date.now() + 60_000 })).rejects.toMatchObject({ type: 'Busy' });
    await go();
    await until(async () => (await yard.deployer('').unfinished()).length === 0);
    const end = await worker.deploy({ ...order, leaveUntil: Date.now() - 1 });
    await worker.close();
    expect(end).toMatchObject({ outcome: 'refused', reason: expect.stringContaining('the grace of its slot is over') });
    expect((await yard.effects()).filter((line) => line.startsWith('ran'))).toEqual(['ran shop-prod-1']);
  });

  test('a script that nobody follows and whose time is long up is ended by whoever is next', async () => {
    const script = await orphan();
    const longAgo = Date.now() / 1_000 - 3_600;
    await utimes(yard.jobFile(JOB, 'script'), longAgo, longAgo);
    const deployer = yard.deployer('echo "ran $TIDEGATE_DEPLOYMENT_ID" >>"$EFFECTS"');
    await expect(deployer.act(NEXT, createHooks())).rejects.toMatchObject({ kind: 'Busy' });
    expect(isRunning(script)).toBe(false);
    expect(await deployer.act(NEXT, createHooks())).toMatchObject({ outcome: 'exited', code: 0 });
  });

  test('a lock that outlived runner and script in a service of theirs does not hold the environment for ever', async () => {
    const service = `setsid sh -c 'echo "service=$$" >>"$EFFECTS"; exec sleep 60' &
      until grep -q service "$EFFECTS"; do sleep 0.05; done`;
    const script = await orphan(`${service}; ${WAITS}`);
    await killKeeper();
    process.kill(-script, 'SIGKILL');
    await until(() => !isRunning(script));
    const deployer = yard.deployer('echo "ran $TIDEGATE_DEPLOYMENT_ID" >>"$EFFECTS"');
    await expect(deployer.act(NEXT, createHooks())).rejects.toMatchObject({ kind: 'Busy' });
    expect(await deployer.act(NEXT, createHooks())).toMatchObject({ outcome: 'exited', code: 0 });
    expect(isRunning((await yard.pids('service'))[0]!)).toBe(true);
  });
});

describe('a worker that starts', () => {
  const current = { requests: [], startedAt: 1, slotKey: null, leaveUntil: null };
  const departed = (deployment: string, fence: number): EnvironmentEvent => ({
    kind: 'environment.departed',
    data: { current: { ...current, deployment, fence } },
  });

  /** A worker that starts while the script of an earlier one runs; what the ledger knows decides. */
  async function started(prepare: (worker: ScriptWorker) => Promise<void>) {
    const script = await orphan();
    const worker = await scriptWorker(yard, deployerIn(yard.plan(WAITS)));
    await prepare(worker);
    const said: string[] = [];
    await reapOrphans(worker.deps, (sentence) => said.push(sentence));
    const alive = isRunning(script);
    const notes = await worker.ledger.timeline('shop', deploymentSubject('shop-prod-1'), 10);
    await worker.close();
    return { alive, said, notes: notes.map(({ event }) => event.kind) };
  }

  const goesOn = async ({ ledger }: ScriptWorker): Promise<void> => {
    await ledger.append(environmentEvents('uat', [departed('shop-prod-1', 2)]));
    await ledger.intend({ deployment: 'shop-prod-1', step: 'execute', fence: 2, attempt: 1, host: 'host-1', at: 1 });
  };

  test('lets the script of a deployment that goes on run, and the next attempt follows it to its end', async () => {
    const { alive, said, notes } = await started(goesOn);
    expect({ alive, notes }).toEqual({ alive: true, notes: [] });
    expect(said).toEqual(['deploy of shop-prod-1 on host-1 still runs: its deployment goes on with it.']);
    await go();
    const adopted = await yard.deployer(WAITS).act(orderOf({ fence: 2, attempt: 2 }), createHooks());
    expect(adopted).toMatchObject({ outcome: 'exited', code: 0 });
  });

  test.each<[string, (worker: ScriptWorker) => Promise<void>, string]>([
    [
      'whose step the ledger has settled',
      async (worker) => {
        await goesOn(worker);
        await worker.ledger.settle('shop-prod-1', 'execute', 'unknown', 'lost', null, 2);
      },
      'the ledger has it as unknown already',
    ],
    [
      'that a newer deployment has overtaken',
      ({ ledger }) => ledger.append(environmentEvents('uat', [departed('shop-prod-2', 4)])),
      'number 2 is stale, uat is at 4',
    ],
    [
      'for which its environment waits no longer, because its run was terminated',
      ({ ledger }) =>
        ledger.append(
          environmentEvents('uat', [
            departed('shop-prod-1', 2),
            {
              kind: 'environment.arrived',
              data: { deployment: 'shop-prod-1', verdict: 'Aborted', running: null, committed: false, unknown: 'gone' },
            },
          ]),
        ),
      'uat waits for it no longer',
    ],
  ])('ends a script %s, with all it started, and the record says so', async (_, prepare, why) => {
    const { alive, said, notes } = await started(prepare);
    expect({ alive, notes }).toEqual({ alive: false, notes: ['script.ended'] });
    expect(said).toEqual([`deploy of shop-prod-1 on host-1 was left behind and is ended: ${why}.`]);
    expect((await yard.effects()).filter((line) => line.startsWith('ran'))).toEqual([]);
  });
});

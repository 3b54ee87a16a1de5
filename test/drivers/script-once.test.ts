import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { findLockTools } from '../../src/drivers/script/lock';
import { jobOf } from '../../src/drivers/script/job';
import { startJob } from '../../src/drivers/script/start';
import { createHooks, deployerIn, isRunning, makeYard, orderOf, until, type Yard } from '../support/script-yard';

let yard: Yard;

beforeEach(async () => {
  yard = await makeYard();
});

afterEach(async () => {
  expect(await yard.end()).toEqual([]);
});

const RAN = 'echo "ran $TIDEGATE_DEPLOYMENT_ID" >>"$EFFECTS"';
/** Says where it is, then waits until the test lets it go on. */
const WAITS = `echo "script=$$" >>"$EFFECTS"; echo begun; until [ -e "$EFFECTS.go" ]; do sleep 0.05; done; ${RAN}`;

const go = (): Promise<void> => writeFile(`${yard.root}/effects.go`, '');
const begun = (count = 1): Promise<void> => until(async () => (await yard.pids('script')).length >= count);

/** A second start of a job, as a worker makes it that had been frozen just before. */
async function startOf(folder = yard.root): Promise<Parameters<typeof startJob>[0]> {
  return {
    job: jobOf(`${yard.root}/work/shop/prod`, 'shop-prod-1', 'deploy'),
    place: 'shop/prod on host-1',
    order: orderOf(),
    folder,
    script: '/bin/sh',
    args: ['-c', `echo twice >>${yard.root}/effects`],
    variables: {},
    runnerPath: process.env.PATH ?? '',
    killGraceMs: 500,
    outputCapBytes: 1_000,
    tools: await findLockTools(process.env.PATH ?? ''),
    signal: new AbortController().signal,
  };
}

describe('a deployment happens once', () => {
  test('killing the worker neither stops its script nor starts a second one: the next attempt adopts it', async () => {
    const plan = yard.plan(WAITS);
    const worker = yard.follower(plan, orderOf());
    await begun();
    // The whole group, as Ctrl-C in a terminal or the end of a service would.
    process.kill(-worker.pid!, 'SIGKILL');
    await once(worker, 'exit');
    const [script] = await yard.pids('script');
    expect(isRunning(script!)).toBe(true);
    const hooks = createHooks();
    const adopted = deployerIn(plan).act(orderOf({ attempt: 2 }), hooks);
    await go();
    expect(await adopted).toMatchObject({ outcome: 'exited', code: 0 });
    expect(await yard.effects()).toEqual([`script=${script}`, 'ran shop-prod-1']);
  });

  test('a finished deployment that is asked for again answers the same and does not run again', async () => {
    const deployer = yard.deployer(`${RAN}; echo '::tidegate id=once'; exit 4`);
    const first = await deployer.act(orderOf(), createHooks());
    const again = await yard.deployer('echo never >>"$EFFECTS"').act(orderOf({ attempt: 2 }), createHooks());
    expect(again).toEqual(first);
    expect(again).toMatchObject({ code: 4, metadata: { id: 'once' } });
    expect(await yard.effects()).toEqual(['ran shop-prod-1']);
  });

  test('of five workers that start the same deployment at once, one does and the others follow', async () => {
    const plan = yard.plan(`${RAN}; sleep 0.3`);
    const attempts = Array.from({ length: 5 }, async () => {
      for (;;) {
        // Busy is the one answer that Temporal retries: another runner was just about to begin this very job.
        const result = await deployerIn(plan)
          .act(orderOf(), createHooks())
          .catch((error: unknown) => {
            expect(error).toMatchObject({ kind: 'Busy' });
            return null;
          });
        if (result !== null) return result;
      }
    });
    for (const result of await Promise.all(attempts)) expect(result).toMatchObject({ outcome: 'exited', code: 0 });
    expect(await yard.effects()).toEqual(['ran shop-prod-1']);
  });

  test('a worker that was frozen before it started the script starts nothing when it wakes up after it is done', async () => {
    await yard.deployer(RAN).act(orderOf(), createHooks());
    await startJob(await startOf());
    expect(await yard.settled()).toEqual([]);
    expect(await yard.effects()).toEqual(['ran shop-prod-1']);
  });

  test('a runner that is gone at once is noticed: the act fails and is tried again, it never waits for ever', async () => {
    // The end of such a runner was missed when it came before anybody listened for it.
    await expect(startJob(await startOf(`${yard.root}/not-there`))).rejects.toMatchObject({ kind: 'Unavailable' });
  });

  test('a worker that shuts down lets go of the script, and no line of its log is lost to the next one', async () => {
    const plan = yard.plan(`echo one; ${WAITS}; echo two`);
    const first = createHooks();
    let shutDown = false;
    const leaving = deployerIn(plan).act(orderOf(), {
      ...first,
      heartbeat: () => {
        if (shutDown) throw new Error('the worker shuts down');
      },
    });
    const left = expect(leaving).rejects.toThrow('the worker shuts down');
    await begun();
    await until(() => first.lines.length === 2);
    shutDown = true;
    await left;
    const second = createHooks();
    const adopted = deployerIn(plan).act(orderOf({ attempt: 2 }), second);
    await go();
    expect(await adopted).toMatchObject({ outcome: 'exited', code: 0 });
    expect([...first.lines, ...second.lines].map(({ offset, text }) => [offset, text])).toEqual([
      [0, 'one'],
      [4, 'begun'],
      [10, 'two'],
    ]);
  });

  test('a killed runner loses the exit code, not the script: the answer is “lost” and the environment is free', async () => {
    const service = `setsid sh -c 'echo "service=$$" >>"$EFFECTS"; exec sleep 60' &`;
    const deployer = yard.deployer(`${service} ${WAITS}`);
    const acting = deployer.act(orderOf(), createHooks());
    await begun();
    // Before it has left the session, the service is still a part of the script and would end with it.
    await until(async () => (await yard.pids('service')).length > 0);
    const keeper = Number((await readFile(yard.jobFile('shop-prod-1.deploy', 'keeper'), 'utf8')).split(' ')[0]);
    process.kill(keeper, 'SIGKILL');
    await expect(
      yard.deployer(RAN).act(orderOf({ deployment: 'shop-prod-2', fence: 2 }), createHooks()),
    ).rejects.toMatchObject({ kind: 'Busy' });
    await go();
    expect(await acting).toMatchObject({ outcome: 'lost', tail: 'begun' });
    const next = await yard.deployer(RAN).act(orderOf({ deployment: 'shop-prod-2', fence: 2 }), createHooks());
    expect(next).toMatchObject({ outcome: 'exited', code: 0 });
    const [service1] = await yard.pids('service');
    expect(isRunning(service1!)).toBe(true);
  });
});

describe('an environment has one deployment at a time', () => {
  test('a second deployment is busy while a process of the first lives, and goes on after it', async () => {
    const first = yard.deployer(WAITS).act(orderOf(), createHooks());
    await begun();
    const second = orderOf({ deployment: 'shop-prod-2', fence: 2 });
    await expect(yard.deployer(RAN).act(second, createHooks())).rejects.toMatchObject({
      kind: 'Busy',
      message: expect.stringContaining('shop-prod-1.deploy'),
    });
    await go();
    await first;
    expect(await yard.deployer(RAN).act(second, createHooks())).toMatchObject({ code: 0 });
    expect((await yard.effects()).slice(1)).toEqual(['ran shop-prod-1', 'ran shop-prod-2']);
  });

  test('a deployment with a stale number is refused for good, also when nothing runs any more', async () => {
    await yard.deployer(RAN).act(orderOf({ deployment: 'shop-prod-2', fence: 2 }), createHooks());
    await expect(yard.deployer(RAN).act(orderOf(), createHooks())).rejects.toMatchObject({ kind: 'Fenced' });
    expect(await yard.effects()).toEqual(['ran shop-prod-2']);
  });

  test('a service that a good script leaves running stays alive and does not hold the environment', async () => {
    const result = await yard
      .deployer(`sleep 60 & echo "service=$!" >>"$EFFECTS"; ${RAN}`)
      .act(orderOf(), createHooks());
    expect(result).toMatchObject({ outcome: 'exited', code: 0 });
    const [service] = await yard.pids('service');
    expect(isRunning(service!)).toBe(true);
    const next = orderOf({ deployment: 'shop-prod-2', fence: 2 });
    expect(await yard.deployer(RAN).act(next, createHooks())).toMatchObject({ outcome: 'exited', code: 0 });
    expect(isRunning(service!)).toBe(true);
  });

  test('what a failed script left behind is ended before the environment is free; only a service of its own session stays', async () => {
    const result = await yard
      .deployer(
        `( trap '' TERM; echo "leftover=$BASHPID" >>"$EFFECTS"; while :; do sleep 0.1; done ) &
         setsid sh -c 'echo "service=$$" >>"$EFFECTS"; exec sleep 60' &
         until [ "$(wc -l <"$EFFECTS")" -eq 2 ]; do sleep 0.05; done; exit 3`,
      )
      .act(orderOf(), createHooks());
    expect(result).toMatchObject({ outcome: 'exited', code: 3 });
    const [leftover] = await yard.pids('leftover');
    const [service] = await yard.pids('service');
    expect([isRunning(leftover!), isRunning(service!)]).toEqual([false, true]);
    const next = orderOf({ deployment: 'shop-prod-2', fence: 2 });
    expect(await yard.deployer(RAN).act(next, createHooks())).toMatchObject({ outcome: 'exited', code: 0 });
  });
});

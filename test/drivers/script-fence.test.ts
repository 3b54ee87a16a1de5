import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { createHooks, deployerIn, isRunning, makeYard, orderOf, until, type Yard } from '../support/script-yard';

let yard: Yard;

beforeEach(async () => {
  yard = await makeYard();
});

afterEach(async () => {
  expect(await yard.end()).toEqual([]);
});

const TOOL = resolve(__dirname, '../../src/drivers/script/bin/tidegate-fence');
const NEXT = orderOf({ deployment: 'shop-prod-2', fence: 3 });
const SWITCH = `tidegate-fence -- sh -c 'echo "switched $TIDEGATE_DEPLOYMENT_ID" >>"$EFFECTS"'`;
const go = (): Promise<void> => writeFile(join(yard.root, 'effects.go'), '');

/** The answer of the tool on a host of its own: exit code and what it said. */
async function fence(args: readonly string[], variables: Record<string, string> = {}) {
  const env = { PATH: process.env.PATH, YARD: yard.root, ...variables };
  try {
    return { code: 0, said: (await promisify(execFile)(TOOL, args, { env })).stdout };
  } catch (error) {
    const { code, stderr } = error as { readonly code: number; readonly stderr: string };
    return { code, said: stderr };
  }
}

describe('the switch inside a script', () => {
  test('a script that has its environment switches through the gate, and what it starts there holds nobody up', async () => {
    const deployer = yard.deployer(`
      tidegate-fence || exit 1
      "$TIDEGATE_FENCE_TOOL" -- sh -c 'sleep 60 & echo "service=$!" >>"$EFFECTS"; exit 7'; echo "code=$?" >>"$EFFECTS"
      ${SWITCH}`);
    expect(await deployer.act(orderOf(), createHooks())).toMatchObject({ outcome: 'exited', code: 0 });
    expect((await yard.effects()).slice(1)).toEqual(['code=7', 'switched shop-prod-1']);
    expect(await yard.deployer(SWITCH).act(NEXT, createHooks())).toMatchObject({ outcome: 'exited', code: 0 });
    expect(isRunning((await yard.pids('service'))[0]!)).toBe(true);
  });

  test('a process that froze, lost its environment and woke up again is refused at the switch (F4, F23)', async () => {
    const deployer = yard.deployer(`
      setsid bash -c 'echo "service=$BASHPID" >>"$EFFECTS"; until [ -e "$EFFECTS.go" ]; do sleep 0.05; done
        ${SWITCH.replaceAll("'", `'"'"'`)} 2>>"$EFFECTS"; echo "refused=$?" >>"$EFFECTS"' &
      until [ -s "$EFFECTS" ]; do sleep 0.05; done; exit 3`);
    expect(await deployer.act(orderOf(), createHooks())).toMatchObject({ outcome: 'exited', code: 3 });
    const [frozen] = await yard.pids('service');
    process.kill(frozen!, 'SIGSTOP');
    await yard.deployer(SWITCH).act(NEXT, createHooks());
    await go();
    process.kill(frozen!, 'SIGCONT');
    await until(() => !isRunning(frozen!));
    expect((await yard.effects()).slice(1)).toEqual([
      'switched shop-prod-2',
      'tidegate-fence: number 1 is stale: deployment number 3 has this environment. Nothing was switched.',
      'refused=76',
    ]);
  });

  test('a script whose lock was given back is refused even before anybody newer came', async () => {
    await yard
      .deployer(
        `setsid sh -c 'until [ -e "$EFFECTS.go" ]; do sleep 0.05; done; tidegate-fence; echo "late=$?" >>"$EFFECTS"' &`,
      )
      .act(orderOf(), createHooks());
    await go();
    await until(async () => (await yard.effects()).length > 0);
    expect(await yard.effects()).toEqual(['late=76']);
  });

  test('worker and script frozen together: whoever is next waits, takes over once they are ended, and one switch happens', async () => {
    const plan = yard.plan(`echo "script=$$" >>"$EFFECTS"; until [ -e "$EFFECTS.go" ]; do sleep 0.05; done; ${SWITCH}`);
    const worker = yard.follower(plan, orderOf());
    await until(async () => (await yard.pids('script')).length > 0);
    const [script] = await yard.pids('script');
    for (const group of [worker.pid!, script!]) process.kill(-group, 'SIGSTOP');
    await go();
    const next = (): Promise<unknown> => deployerIn(plan).act(NEXT, createHooks());
    await expect(next()).rejects.toMatchObject({ kind: 'Busy' });
    await deployerIn(plan).stop('shop-prod-1', 'deploy');
    expect(await next()).toMatchObject({ outcome: 'exited', code: 0 });
    process.kill(-worker.pid!, 'SIGCONT');
    await once(worker, 'exit');
    expect((await yard.effects()).filter((line) => line.startsWith('switched'))).toEqual(['switched shop-prod-2']);
  });

  test('a refusal at the switch ends the deployment as fenced: nobody tries again or rolls the newer one back', async () => {
    const deployer = yard.deployer(`echo 9 >"$TIDEGATE_STATE/fence"; set -e; ${SWITCH}; echo went on >>"$EFFECTS"`);
    await expect(deployer.act(orderOf(), createHooks())).rejects.toMatchObject({
      kind: 'Fenced',
      message: expect.stringContaining('number 1 is stale: deployment number 9 has this environment'),
    });
    expect(await yard.effects()).toEqual([]);
    await expect(deployer.act(orderOf({ act: 'rollback', fence: 2 }), createHooks())).rejects.toMatchObject({
      kind: 'BadPlan',
    });
  });
});

describe('several hosts', () => {
  test('each host remembers its highest number and refuses a lower one, with or without an installation there', async () => {
    const on = (host: string, number: string) => [
      '--state',
      join(yard.root, host),
      '--fence',
      number,
      '--',
      'echo',
      number,
    ];
    expect(await fence(on('web-1', '5'))).toEqual({ code: 0, said: '5\n' });
    expect(await fence(on('web-1', '4'))).toEqual({ code: 76, said: expect.stringContaining('number 4 is stale') });
    expect(await fence(on('web-2', '4'))).toEqual({ code: 0, said: '4\n' });
    const remote = spawn('sh', ['-s', '--', ...on('web-1', '6')], { stdio: ['pipe', 'pipe', 'inherit'] });
    remote.stdin.end(await readFile(TOOL));
    const [said] = (await once(remote.stdout, 'data')) as [Buffer];
    expect(said.toString()).toBe('6\n');
    expect(await fence(on('web-1', '5'))).toMatchObject({ code: 76 });
    expect(await readFile(join(yard.root, 'web-1/fence'), 'utf8')).toBe('6\n');
  });

  test('switches that come at the same instant happen one after the other, never an older one after a newer one', async () => {
    const log = join(yard.root, 'switches');
    await appendFile(log, '');
    const numbers = [3, 8, 1, 5, 8, 2, 7, 4, 6, 9];
    const slowly = 'echo "begin $1" >>"$2"; sleep 0.02; echo "end $1" >>"$2"';
    const codes = await Promise.all(
      numbers.map(async (number) => {
        const command = ['sh', '-c', slowly, 'switch', String(number), log];
        return (await fence(['--state', join(yard.root, 'web'), '--fence', String(number), '--', ...command])).code;
      }),
    );
    const lines = (await readFile(log, 'utf8')).trim().split('\n');
    const began = lines.filter((_, index) => index % 2 === 0).map((line) => Number(line.replace('begin ', '')));
    expect(lines).toEqual(began.flatMap((number) => [`begin ${number}`, `end ${number}`]));
    expect(began).toEqual([...began].sort((a, b) => a - b));
    expect(began.at(-1)).toBe(9);
    expect(codes.filter((code) => code === 0)).toHaveLength(began.length);
    expect(codes.every((code) => code === 0 || code === 76)).toBe(true);
  });

  test.each([
    ['no number', ['--state', '/tmp/x'], 'whole number'],
    ['a number that is a command', ['--state', '/tmp/x', '--fence', '1;id'], 'whole number'],
    ['a number beyond counting', ['--state', '/tmp/x', '--fence', '9'.repeat(20)], 'whole number'],
    ['a folder that is not absolute', ['--state', 'x', '--fence', '1'], 'absolute folder'],
    ['an option that it does not know', ['--force'], '"--force" is unknown'],
    ['an option without its value', ['--fence'], 'is unknown'],
  ])('%s never switches anything', async (_, args, sentence) => {
    const answer = await fence([...args, '--', 'touch', join(yard.root, 'switched')]);
    expect(answer).toEqual({ code: 64, said: expect.stringContaining(sentence) });
    expect(existsSync(join(yard.root, 'switched'))).toBe(false);
  });

  test('a host that cannot remember or cannot lock refuses, because it could not refuse later', async () => {
    await writeFile(join(yard.root, 'file'), '');
    expect(await fence(['--state', join(yard.root, 'file/x'), '--fence', '1'])).toMatchObject({ code: 69 });
    await mkdir(join(yard.root, 'web'));
    await writeFile(join(yard.root, 'web/fence'), 'garbage\n');
    expect(await fence(['--state', join(yard.root, 'web'), '--fence', '1'])).toMatchObject({ code: 64 });
  });
});

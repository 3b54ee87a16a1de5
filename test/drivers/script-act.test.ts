import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createHooks, isRunning, makeYard, NEW, OLD, orderOf, until, type Yard } from '../support/script-yard';

let yard: Yard;

beforeEach(async () => {
  yard = await makeYard();
});

afterEach(async () => {
  expect(await yard.end()).toEqual([]);
});

describe('what a script is given', () => {
  test('it works in the candidate’s checkout with the contract’s variables and its own environment file', async () => {
    await yard.setEnvFile(['DATABASE=postgres', 'TIDEGATE_SHA=forged', "GREETING='hello $USER'"]);
    const deployer = yard.deployer(`
      echo "args=$#" "commit=$(cat commit)" >>"$EFFECTS"
      for name in SERVICE ENV DEPLOYMENT_ID VERSION SHA PREVIOUS_VERSION PREVIOUS_SHA STRATEGY ATTEMPT FENCE LOCK_FD; do
        full="TIDEGATE_$name"; echo "$name=\${!full}" >>"$EFFECTS"
      done
      echo "DATABASE=$DATABASE GREETING=$GREETING" >>"$EFFECTS"`);
    await deployer.act(orderOf({ attempt: 3, fence: 7 }), createHooks());
    expect(await yard.effects()).toEqual([
      `args=0 commit=${NEW.sha}`,
      'SERVICE=shop',
      'ENV=prod',
      'DEPLOYMENT_ID=shop-prod-1',
      `VERSION=${NEW.version}`,
      `SHA=${NEW.sha}`,
      `PREVIOUS_VERSION=${OLD.version}`,
      `PREVIOUS_SHA=${OLD.sha}`,
      'STRATEGY=all-at-once',
      'ATTEMPT=3',
      'FENCE=7',
      'LOCK_FD=9',
      'DATABASE=postgres GREETING=hello $USER',
    ]);
  });

  test('no credential of the worker leaks into a script, and a PATH of its own does not cost it the lock', async () => {
    await yard.setEnvFile(['PATH=/nowhere:/usr/bin:/bin', 'tg_job=/tmp', 'tg_code=1']);
    const canary = { PATH: process.env.PATH, LANG: 'C', CANARY_TOKEN: 'leaked', NODE_OPTIONS: '--inspect' };
    const deployer = yard.deployer('env >>"$EFFECTS"', { hostEnv: canary });
    expect(await deployer.act(orderOf(), createHooks())).toMatchObject({ outcome: 'exited', code: 0 });
    const names = (await yard.effects()).map((line) => line.split('=')[0]);
    expect(names).not.toContain('CANARY_TOKEN');
    expect(names).not.toContain('NODE_OPTIONS');
    expect(await yard.effects()).toEqual(
      expect.arrayContaining([
        `PATH=/nowhere:/usr/bin:/bin:${yard.jobFile('shop-prod-1.deploy', 'bin')}`,
        'LANG=C',
        'TIDEGATE_LOCK_FD=9',
      ]),
    );
  });

  test('a rollback names its target and works with the script of the candidate that it leaves', async () => {
    const deployer = yard.deployer('# --rollback\necho "$*" "$(cat commit)" >>"$EFFECTS"');
    await deployer.act(orderOf({ act: 'rollback', to: OLD, previous: NEW }), createHooks());
    expect(await yard.effects()).toEqual([`--rollback --to ${OLD.version} --sha ${OLD.sha} ${NEW.sha}`]);
  });

  test('what cannot be carried out is refused before anything is touched, with where to mend it', async () => {
    const act = (more: Parameters<typeof orderOf>[0], script = 'echo ran >>"$EFFECTS"', options = {}) =>
      yard.deployer(script, options).act(orderOf(more), createHooks());
    await expect(act({}, '', { script: 'scripts/none.sh' })).rejects.toMatchObject({
      kind: 'BadPlan',
      message: expect.stringContaining('scripts/none.sh does not exist'),
    });
    await expect(act({}, '', { script: '../outside.sh' })).rejects.toMatchObject({ kind: 'BadPlan' });
    await expect(act({ act: 'rollback' })).rejects.toMatchObject({ message: expect.stringContaining('--rollback') });
    await expect(act({ strategy: 'canary' })).rejects.toMatchObject({ kind: 'BadPlan' });
    await expect(act({ deployment: '../../x' })).rejects.toMatchObject({ kind: 'BadPlan' });
    await expect(act({ to: { version: '1', sha: '--upload-pack' } })).rejects.toMatchObject({ kind: 'BadRef' });
    await expect(act({}, '', { envFile: join(yard.root, 'none') })).rejects.toMatchObject({ kind: 'BadPlan' });
    await expect(act({}, '', { scriptFrom: { ref: 'deploy/main' } })).rejects.toMatchObject({ kind: 'BadPlan' });
    expect(await yard.effects()).toEqual([]);
  });

  test('a pinned script runs in place of the one a branch could have changed', async () => {
    const pinned = yard.jobFile('..', 'pinned.sh');
    await mkdir(join(pinned, '..'), { recursive: true });
    await writeFile(pinned, '#!/bin/sh\necho "pinned $(cat commit)" >>"$EFFECTS"\n', { mode: 0o755 });
    const deployer = yard.deployer('echo changed >>"$EFFECTS"', { scriptFrom: { path: pinned } });
    await deployer.act(orderOf(), createHooks());
    expect(await yard.effects()).toEqual([`pinned ${NEW.sha}`]);
  });
});

describe('what a script says', () => {
  test('exit code, metadata and every line with its place reach the caller; colours and secrets do not', async () => {
    await yard.setEnvFile(['API_TOKEN=tok-1234567', 'DB=postgres://app:hunter22@db/shop']);
    const deployer = yard.deployer(`
      printf '\\033[31mred\\033[0m\\n\\000\\377binary\\n10%%\\r100%%\\n'
      echo "with $API_TOKEN and $DB" >&2
      echo '::tidegate id=r-7 url="http://x y" 9bad=1'
      echo ' ::tidegate id=not-at-the-start'
      printf 'unfinished'
      exit 3`);
    const hooks = createHooks();
    const result = await deployer.act(orderOf(), hooks);
    expect(result).toMatchObject({ outcome: 'exited', code: 3, metadata: { id: 'r-7', url: 'http://x y' } });
    expect(Object.keys('metadata' in result ? result.metadata : {})).toEqual(['id', 'url']);
    const texts = hooks.lines.map(({ text }) => text);
    expect(texts.slice(0, 3)).toEqual(['red', '\ufffdbinary', '100%']);
    expect(texts.at(-1)).toBe('unfinished');
    expect(hooks.lines.map(({ offset }) => offset).slice(0, 3)).toEqual([0, 13, 22]);
    expect(JSON.stringify([result, hooks.lines])).not.toMatch(/tok-1234567|hunter22|\\u001b|\\u0000/);
  });

  test('fifty megabytes neither stop the script nor fill the disk; beginning and end can still be read', async () => {
    const cap = 65_536;
    const deployer = yard.deployer(
      'echo first; yes "a line of noise" | head -c 50000000; echo "::tidegate id=flood"; echo last',
      { tuning: { outputCapBytes: cap } },
    );
    const hooks = createHooks();
    const result = await deployer.act(orderOf(), hooks);
    expect(result).toMatchObject({ outcome: 'exited', code: 0, metadata: { id: 'flood' } });
    expect('tail' in result && result.tail.endsWith('last')).toBe(true);
    expect(hooks.lines[0]?.text).toBe('first');
    expect(hooks.lines.at(-1)?.text).toBe('last');
    expect(hooks.lines.filter(({ text }) => text.includes('[tidegate]'))).toHaveLength(1);
    const sizes = ['output', 'head', 'tail'].map(
      async (name) => (await stat(yard.jobFile('shop-prod-1.deploy', name))).size,
    );
    expect((await Promise.all(sizes)).every((size) => size <= cap)).toBe(true);
    expect(hooks.lines.length).toBeLessThan(10_000);
  });
});

describe('limits and cancellation', () => {
  const STUBBORN = `
    trap '' TERM
    ( trap '' TERM; echo "grandchild=$BASHPID" >>"$EFFECTS"; while :; do sleep 0.2; done ) &
    echo "script=$$" >>"$EFFECTS"; echo started
    while :; do sleep 0.2; done`;

  const everythingGone = async (): Promise<void> => {
    const pids = [...(await yard.pids('script')), ...(await yard.pids('grandchild'))];
    expect(pids).toHaveLength(2);
    expect(pids.filter(isRunning)).toEqual([]);
  };

  test('a silent script that ignores SIGTERM is ended with all it started, and the target is looked at first', async () => {
    const result = await yard.deployer(STUBBORN).act(orderOf({ idleTimeoutMs: 400 }), createHooks());
    expect(result).toMatchObject({ outcome: 'hung', metadata: { targetWhenHung: expect.stringContaining('unclear') } });
    await everythingGone();
  });

  test('a script that talks for ever is ended when its time is over', async () => {
    const deployer = yard.deployer('echo "script=$$" >>"$EFFECTS"; while :; do echo tick; sleep 0.05; done');
    const result = await deployer.act(orderOf({ idleTimeoutMs: 5_000, timeoutMs: 500 }), createHooks());
    expect(result).toMatchObject({ outcome: 'timed-out', tail: expect.stringContaining('tick') });
    expect((await yard.pids('script')).filter(isRunning)).toEqual([]);
  });

  test('a cancelled deployment leaves no process that could still switch, and throws the reason', async () => {
    const abort = new AbortController();
    const acting = yard.deployer(STUBBORN).act(orderOf(), createHooks(abort.signal));
    const outcome = expect(acting).rejects.toThrow('a person said stop');
    await until(async () => (await yard.effects()).length === 2);
    abort.abort(new Error('a person said stop'));
    await outcome;
    await everythingGone();
  });

  test('stop ends a deployment that nobody follows, also from another worker', async () => {
    const deployer = yard.deployer(STUBBORN);
    const acting = deployer.act(orderOf(), createHooks());
    await until(async () => (await yard.effects()).length === 2);
    await yard.deployer(STUBBORN).stop('shop-prod-1', 'deploy');
    await everythingGone();
    expect(await acting).toMatchObject({ outcome: 'exited', code: 137 });
  });
});

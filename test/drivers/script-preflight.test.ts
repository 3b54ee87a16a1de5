import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findLockTools, lockAvailable } from '../../src/drivers/script/lock';
import { lockCheck } from '../../src/drivers/script/preflight';
import type { ScriptDeployerOptions } from '../../src/drivers/script/options';
import { json, silence, startFakeService, text, type FakeService } from '../support/fake-service';
import { createHooks, makeYard, NEW, orderOf, type Yard } from '../support/script-yard';

let yard: Yard;
let service: FakeService;

beforeEach(async () => {
  yard = await makeYard();
  service = await startFakeService();
});

afterEach(async () => {
  await service.close();
  expect(await yard.end()).toEqual([]);
});

const GOOD = `
case "\${1:-}" in
  --check) echo "booting $TIDEGATE_PREVIOUS_VERSION"; exit "\${CHECK_EXIT:-0}" ;;
  --rollback) exit 0 ;;
  *) echo "acted $*" >>"$EFFECTS" ;;
esac`;

async function check(script: string, more: Partial<ScriptDeployerOptions> = {}, order = orderOf()) {
  const checks = await yard.deployer(script, more).check(order);
  return Object.fromEntries(checks.map(({ name, ok, detail }) => [name, { ok, detail }]));
}

describe('before anything is touched', () => {
  test('a complete environment passes every check, and checking changes nothing', async () => {
    const checks = await check(GOOD);
    expect(Object.values(checks).map(({ ok }) => ok)).toEqual([true, true, true, true, true]);
    expect(checks['previous version']?.detail).toContain('1.4.2 can be pulled and booted');
    expect(await yard.effects()).toEqual([]);
  });

  test('a script that cannot take a release back is found before the release, not after it', async () => {
    const checks = await check('echo "deploying $*" >>"$EFFECTS"');
    expect(checks['rollback verb']).toMatchObject({ ok: false, detail: expect.stringContaining('--rollback') });
    expect(checks['previous version']).toMatchObject({ ok: false, detail: expect.stringContaining('--check') });
    // A script that ignores its arguments would have deployed when it was asked to check.
    expect(await yard.effects()).toEqual([]);
  });

  test('a previous version that does not boot stops the release, with the script’s own words and no secret', async () => {
    await yard.setEnvFile(['CHECK_EXIT=3', 'API_KEY=topsecret1']);
    const failing = GOOD.replace('booting', 'no image, key $API_KEY, for');
    const checks = await check(failing);
    expect(checks['previous version']).toMatchObject({ ok: false });
    expect(checks['previous version']?.detail).toMatch(/exit 3.*no image, key \*+.* for 1\.4\.2/);
    expect(checks['previous version']?.detail).not.toContain('topsecret1');
  });

  test('a first deployment has nothing to go back to and says so without being stopped by it', async () => {
    const checks = await check(GOOD, {}, orderOf({ previous: null }));
    expect(checks['previous version']).toMatchObject({ ok: true, detail: expect.stringContaining('first deployment') });
  });

  test('a script that is not the one that acted last is named as such before it acts', async () => {
    expect((await check(GOOD))['script']?.detail).toBe('deploy.sh is there and executable');
    await yard.deployer(GOOD).act(orderOf(), createHooks());
    const next = orderOf({ deployment: 'shop-prod-2', fence: 3 });
    expect((await check(GOOD, {}, next))['script']?.detail).not.toContain('differs');
    const changed = (await check(`${GOOD}\ncurl evil.example`, {}, { ...next, deployment: 'shop-prod-3' }))['script'];
    expect(changed).toEqual({ ok: true, detail: expect.stringContaining('differs from the one that acted here last') });
  });

  test('a check that hangs is given up and leaves no process', async () => {
    const checks = await check('# --check --rollback\nsleep 30 & sleep 30', { tuning: { checkTimeoutMs: 300 } });
    expect(checks['previous version']).toMatchObject({ ok: false, detail: expect.stringContaining('no answer') });
  });

  test.each([
    ['a missing key', ['OTHER=1'], false, 'EFFECTS is missing'],
    ['an empty required key', ['EFFECTS='], false, 'EFFECTS is empty'],
    ['a placeholder', ['EFFECTS=/x', 'A=changeme', 'B=<your key>', 'C=xxx'], false, 'A is still a placeholder; B is'],
    ['a line that is none', ['EFFECTS=/x', 'no value here', 'B=1'], false, 'not KEY=value'],
    ['a complete file', ['EFFECTS=/x', 'SPARE='], true, 'all 1 keys of .env.example'],
  ])('an environment file with %s is judged before the service starts without it', async (_, lines, ok, detail) => {
    await writeFile(join(yard.root, 'env'), lines.join('\n'));
    expect((await check(GOOD))['environment file']).toEqual({ ok, detail: expect.stringContaining(detail) });
  });

  test('a host without flock still deploys, and its check says what is missing', async () => {
    expect(await lockAvailable(process.env.PATH ?? '')).toBe(true);
    expect(await lockAvailable('/nowhere')).toBe(false);
    const said = lockCheck(await findLockTools('/nowhere'), 'mac-1');
    expect(said).toMatchObject({ ok: true, detail: expect.stringContaining('mac-1 has no flock and setsid') });
  });
});

describe('what runs on the target', () => {
  const STATUS = '# --status\necho "::tidegate version=1.4.2 sha=abc deployment=shop-prod-0"';
  const endpoint = (): Partial<ScriptDeployerOptions> => ({ url: service.url, versionPath: '/api/version' });

  test('the version endpoint is believed first, even with parts missing', async () => {
    service.answers.set('GET /api/version', json({ version: '1.4.3', sha: NEW.sha, more: 1 }));
    expect(await yard.deployer(STATUS, endpoint()).observe()).toEqual({
      state: 'running',
      version: '1.4.3',
      sha: NEW.sha,
      deployment: null,
      source: service.url,
    });
  });

  test('without an answer the script that acted last is asked; one that knows no --status is not run', async () => {
    await yard.deployer(STATUS).act(orderOf(), createHooks());
    service.answers.set('GET /api/version', text('<html>It works!</html>'));
    expect(await yard.deployer(STATUS, endpoint()).observe()).toMatchObject({
      state: 'running',
      version: '1.4.2',
      deployment: 'shop-prod-0',
      source: '--status',
    });
    const silent = yard.deployer('echo acted >>"$EFFECTS"', endpoint());
    await silent.act(orderOf({ deployment: 'shop-prod-2', fence: 2 }), createHooks());
    expect(await silent.observe()).toMatchObject({ state: 'unclear' });
    expect(await yard.effects()).toEqual(['acted']);
  });

  test('a refused connection is down; silence, errors and answers that say nothing are unclear and never a guess', async () => {
    const observe = (more: Partial<ScriptDeployerOptions> = {}) =>
      yard.deployer(GOOD, { ...endpoint(), ...more, tuning: { versionTimeoutMs: 200 } }).observe();
    for (const answer of [silence, json({ version: 7 }), json([]), text('ok'), json({ version: '1' }, 500)]) {
      service.answers.set('GET /api/version', answer);
      expect(await observe()).toMatchObject({ state: 'unclear' });
    }
    expect(await observe({ envFile: '/nowhere/env' })).toMatchObject({ state: 'unclear' });
    await service.close();
    expect(await observe()).toMatchObject({ state: 'down', detail: expect.stringContaining('refused') });
  });
});

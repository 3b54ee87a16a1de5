import { validatedBug, AT, deploymentEvents, HEAD } from '../api/sample';
import { as } from '../api/support';
import { finished, saying, useCli } from './support';

const cli = useCli();

test('watch in a pipe prints a line per change and ends well when the bug is shipped', async () => {
  await cli().ledger.append(validatedBug('201'));
  const child = cli().start('dev', 'watch', '201', '--every', '100ms');
  const end = finished(child);
  await saying(child.stdout, /deployed_uat/);
  await as(cli().app, 'bo').post('/v1/bugs/201/decisions', { verb: 'approve-prod', sha: HEAD });
  await saying(child.stdout, /pending_prod/);
  const data = { deployment: 'shop-prod-2', version: '1.4.3', sha: '3'.repeat(40), alsoHolds: [] };
  const stamp = {
    service: 'shop',
    subject: 'bug/201',
    at: AT,
    actor: 'tidegate',
    surface: 'tidegate',
    reason: null,
  } as const;
  await cli().ledger.append([{ kind: 'bug.deployed-prod', data, id: 'bug/shop/201#99', ...stamp }]);
  const { code, out } = await end;
  expect(code).toBe(0);
  const lines = out.trim().split('\n');
  expect(new Set(lines).size).toBe(lines.length);
  expect(lines.findIndex((line) => line.includes('deployed_uat'))).toBeLessThan(
    lines.findIndex((line) => line.includes('pending_prod')),
  );
  expect(lines.at(-1)).toContain('deployed_prod');
  expect(out).not.toContain('\u001b');
});

test('watch of a bug that is rejected ends badly, with code 3', async () => {
  await as(cli().app, 'dev').post('/v1/bugs', { service: 'shop', title: 'x', severity: 'low', foundIn: 'prod' });
  const child = cli().start('dev', 'watch', '1', '--every', '100ms', '--json');
  const end = finished(child);
  await saying(child.stderr, /submitted/);
  await as(cli().app, 'bo').post('/v1/bugs/1/decisions', { verb: 'reject', reason: 'cannot reproduce' });
  const { code, out } = await end;
  expect(code).toBe(3);
  expect(JSON.parse(out)).toMatchObject({ id: '1', status: 'rejected' });
});

test('watch of a deployment that ends well tells its phases and its verdict', async () => {
  await cli().ledger.append(deploymentEvents('shop-prod-7'));
  const { code, out } = await cli().run('dev', 'watch', 'shop-prod-7');
  expect(code).toBe(0);
  expect(out).toMatch(/preflight began[\s\S]*preflight done: all checks passed[\s\S]*Released: the watch passed/);
});

test('Ctrl-C ends a watch with 130, and nothing is left behind', async () => {
  await cli().ledger.append(validatedBug('203'));
  const child = cli().start('dev', 'watch', '203');
  const end = finished(child);
  await saying(child.stdout, /deployed_uat/);
  child.kill('SIGINT');
  expect((await end).code).toBe(130);
});

test('a follower of a log gets each line once, and a reader that leaves early is no error', async () => {
  await cli().ledger.append(deploymentEvents('shop-prod-8', false));
  await cli().ledger.addLog('shop-prod-8', [{ offset: 0, at: AT, text: 'pulling' }]);
  const child = cli().start('dev', 'deployment', 'log', 'shop-prod-8', '--follow');
  const end = finished(child);
  await saying(child.stdout, /pulling/);
  await cli().ledger.addLog('shop-prod-8', [{ offset: 8, at: AT, text: 'booting' }]);
  await cli().ledger.append(deploymentEvents('shop-prod-8').slice(-1));
  const { code, out } = await end;
  expect([code, out.match(/pulling/g), out.match(/booting/g)]).toEqual([0, ['pulling'], ['booting']]);
});

import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { loadConfig } from '../../src/config/load';
import { timeOfDay, localZone, writeConfig } from '../../src/demo/config';
import { missedItsSlot, whatHinders, type Underway } from '../../src/demo/hindrance';
import { lockState } from '../../src/demo/lock';
import { demoTokens, digestFile, tokenFile } from '../../src/demo/people';
import { choosePorts } from '../../src/demo/ports';
import { startTraffic } from '../../src/demo/traffic';
import { makeYard, type Yard } from './support';

let yard: Yard;

beforeEach(async () => {
  yard = await makeYard();
  await mkdir(yard.paths.state, { recursive: true });
});

afterEach(() => yard.end());

const listening = (server: Server, port = 0): Promise<number> =>
  new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));

test('the config that the demo writes is one that the product accepts, with the slots it announced', async () => {
  await demoTokens(yard.paths);
  const shops = [await yard.shop('uat'), await yard.shop('prod')];
  const t1 = Math.ceil(Date.now() / 1000) * 1000 + 15_000;
  await writeConfig(yard.paths, shops, { t1, t2: t1 + 40_000 });
  const [service] = loadConfig({ configPath: yard.paths.config, cwd: '/', variables: {}, secrets: 'require' });
  expect(service?.calendar.t1.at).toBe(timeOfDay(t1, localZone()));
  expect(service?.calendar.t2).toMatchObject({ at: timeOfDay(t1 + 40_000, localZone()), graceMs: 3_600_000 });
  expect(service?.policy).toMatchObject({ validation: 'uat', production: 'prod', fix: { mainline: 'merge' } });
  expect(service?.policy.environments.prod?.approvals.default).toMatchObject({ count: 1, notRequester: true });
  expect(service?.people.every(({ tokenSha256 }) => tokenSha256 !== null)).toBe(true);
  expect(service?.wiring.reportsDir).toBe(yard.paths.reports);
});

test('tokens survive a restart, lie in files that only their owner reads, and never in the config', async () => {
  const tokens = await demoTokens(yard.paths);
  expect(await demoTokens(yard.paths)).toEqual(tokens);
  for (const file of [tokenFile(yard.paths, 'bo'), digestFile(yard.paths, 'bo')]) {
    expect((await stat(file)).mode & 0o077).toBe(0);
  }
  await writeConfig(yard.paths, [await yard.shop('uat'), await yard.shop('prod')], { t1: 0, t2: 1 });
  const config = await readFile(yard.paths.config, 'utf8');
  for (const token of Object.values(tokens)) expect(config).not.toContain(token);
});

test('a port that somebody else took moves on and is told; the next start keeps the new one', async () => {
  const stranger = createServer();
  const taken = await listening(stranger);
  await writeFile(yard.paths.ports, JSON.stringify({ api: taken, uat: taken, prod: taken }));
  const told: string[] = [];
  const chosen = await choosePorts(
    yard.paths,
    () => Promise.resolve(false),
    (line) => told.push(line),
  );
  expect(new Set([taken, ...Object.values(chosen)]).size).toBe(4);
  expect(told).toContain(`Port ${taken} is taken; uat moves to ${chosen.uat}.`);
  const again = await choosePorts(
    yard.paths,
    () => Promise.resolve(false),
    (line) => told.push(line),
  );
  expect(again).toEqual(chosen);
  expect(told).toHaveLength(3);
  await new Promise((resolve) => stranger.close(resolve));
});

test('two demos on one state folder would deploy over each other: the second is refused, a dead one is not in the way', async () => {
  await writeFile(yard.paths.lock, `${process.ppid}\n`);
  await expect(lockState(yard.paths.lock)).rejects.toThrow('runs here already');
  await writeFile(yard.paths.lock, '999999999\n');
  const unlock = await lockState(yard.paths.lock);
  expect(await readFile(yard.paths.lock, 'utf8')).toBe(`${process.pid}\n`);
  await unlock();
  await expect(stat(yard.paths.lock)).rejects.toThrow('ENOENT');
});

test('traffic goes on through a restart of the shop, and counts what customers saw', async () => {
  const shop = await yard.shop('prod');
  const answers = createServer((request, response) => {
    response.writeHead(request.url === '/api/stock' ? 503 : 200).end('{}');
  });
  const traffic = startTraffic(shop);
  const until = async (reached: () => boolean): Promise<void> => {
    while (!reached()) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  await until(() => traffic.seen().unreachable >= 3);
  await listening(answers, shop.port);
  await until(() => traffic.seen().failed >= 1 && traffic.seen().answered >= 20);
  await traffic.stop();
  const { answered, failed } = traffic.seen();
  expect(failed / answered).toBeLessThan(0.15);
  answers.closeAllConnections();
  await new Promise((resolve) => answers.close(resolve));
});

describe('a story that does not get on says so', () => {
  const now = Date.parse('2026-03-01T20:00:00Z');
  const bug: Underway = {
    id: '1',
    status: 'pending_prod',
    blockedBy: null,
    waitingFor: { who: 'tidegate', what: 'T2: deployment to prod', since: '2026-03-01T19:59:00Z', until: null },
    nextEvent: { what: 'T2: deployment to prod', at: '2026-03-02T19:59:00Z' },
  };

  test('a bug that is booked for tomorrow missed its slot, once a new calendar had time to reach it', () => {
    expect(missedItsSlot(bug, now - 5_000, now)).toBe(false);
    expect(missedItsSlot(bug, now - 20_000, now)).toBe(true);
    expect(missedItsSlot({ ...bug, status: 'deployed_uat' }, now - 20_000, now)).toBe(false);
    expect(missedItsSlot(bug, now - 20_000, Date.parse('2026-03-02T19:58:30Z'))).toBe(false);
  });

  test('a blocked bug ends the story at once with the reason, a silent one after minutes with what it waits for', () => {
    const blockedBy = { what: 'the fix conflicts', whoCanLift: 'a developer' };
    expect(whatHinders({ ...bug, blockedBy }, now, now)).toBe(
      'bug 1 is pending_prod and blocked: the fix conflicts (a developer)',
    );
    expect(whatHinders(bug, now - 60_000, now)).toBeNull();
    expect(whatHinders(bug, now - 300_000, now)).toContain('for 300 s. It waits for tidegate: T2');
  });
});

import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readCompose } from '../../src/topology/compose';
import { COMPOSE_FILE, ROLES } from '../../src/topology/main';
import { isOneShot, neededBy, planOf, type Ground } from '../../src/topology/plan';

const ROOT = resolve(__dirname, '../..');
const compose = readCompose(COMPOSE_FILE, (file) => readFileSync(join(ROOT, file), 'utf8'), {
  TIDEGATE_HOME: '/state',
  TIDEGATE_SECRETS: '/state/secrets',
  TEMPORAL_NAMESPACE: 'night',
});
const ground: Ground = {
  project: '/project',
  roots: '/state/roles',
  volumes: '/state/volumes',
  images: { tidegate: ['node', '/app/dist/src/cli/main.js'], 'temporalio/server': ['temporal-server', 'start'] },
  network: ({ environment }) => ('TEMPORAL_ADDRESS' in environment ? { TEMPORAL_ADDRESS: '127.0.0.1:1' } : {}),
  path: '/bin',
};
const plan = (name: string) => planOf(compose, name, ground);

test('what an operator reads in the compose file is what the topology runs: command, variables and files of the worker of PROD', () => {
  const root = '/state/roles/worker-prod';
  const { command, env, links, health, restarts } = plan('worker-prod');
  expect(command).toEqual(['node', `${root}/app/dist/src/cli/main.js`, 'worker', '--service', 'shop', '--env', 'prod']);
  expect(env).toMatchObject({
    TIDEGATE_CONFIG: `${root}/etc/tidegate/tidegate.yaml`,
    TIDEGATE_STATE: '/state/volumes/worker-prod',
    TIDEGATE_LEDGER: `file:${root}/run/secrets/ledger`,
    TEMPORAL_NAMESPACE: 'night',
    TEMPORAL_ADDRESS: '127.0.0.1:1',
  });
  expect(links).toContainEqual({ at: `${root}/etc/tidegate/.env.prod`, to: '/state/.env.prod' });
  expect(health).toEqual(['node', `${root}/app/deploy/tidegate/is-ready.mjs`]);
  expect(restarts).toBe(true);
});

test("a role of the topology finds no other environment's file, as in its container: only what its service mounts is laid out", () => {
  const seen = Object.fromEntries(
    ROLES.map((role) => [
      role,
      plan(role)
        .links.filter(({ to }) => to.includes('.env'))
        .map(({ to }) => to),
    ]),
  );
  expect(seen).toEqual({
    'codec-server': [],
    api: [],
    worker: [],
    'worker-uat': ['/state/.env.uat'],
    'worker-prod': ['/state/.env.prod'],
  });
});

test('a role sees no variable of the operator who starts the topology: it gets those of the compose file, a PATH and a home', () => {
  const { env } = plan('api');
  const own = Object.keys(env).filter((key) => !(key in (compose.services.api?.environment ?? {})));
  expect(own.sort()).toEqual(['HOME', 'LANG', 'PATH']);
});

test('nothing starts before its ground is laid: the ledger database and the namespace come first, and each ends by itself', () => {
  for (const role of ROLES.filter((name) => name !== 'codec-server'))
    expect([...neededBy(compose, role)].sort()).toEqual(['ledger-database', 'temporal-namespace']);
  const ends = Object.keys(compose.services).filter((name) => isOneShot(compose, name));
  expect(ends.sort()).toEqual(['ledger-database', 'temporal-namespace', 'temporal-schema']);
});

test('a variable that must be set and is not stops the start with its name and reason', () => {
  const text = 'services: { a: { image: "x:${VERSION:?which one}", environment: { B: "${B:-c}", D: "${D}" } } }';
  expect(() => readCompose('file', () => text, {})).toThrow('The compose file needs VERSION: which one');
  const { a } = readCompose('file', () => text, { VERSION: '1', D: 'd' }).services;
  expect(a).toMatchObject({ image: 'x:1', environment: { B: 'c', D: 'd' } });
});

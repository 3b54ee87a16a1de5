import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { readCompose, type Service } from '../../src/topology/compose';
import { COMPOSE_FILE, ROLES } from '../../src/topology/main';
import { SERVER_VERSION } from '../../src/topology/temporal-server';

const ROOT = resolve(__dirname, '../..');
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const compose = readCompose(COMPOSE_FILE, read, {});
const roles = ROLES.map((name) => compose.services[name]!);
const seesEnvFile = ({ mounts }: Service): readonly string[] =>
  mounts.map(({ source }) => source).filter((source) => /\.env(\.|$)/.test(source));

test("no other worker can deploy to production: PROD's environment file is mounted by PROD's worker alone, and never a whole folder of them", () => {
  expect(Object.fromEntries(roles.map((role) => [role.name, seesEnvFile(role)]))).toEqual({
    'codec-server': [],
    api: [],
    worker: [],
    'worker-uat': ['./.env.uat'],
    'worker-prod': ['./.env.prod'],
  });
  const folders = roles
    .flatMap(({ mounts }) => mounts.map(({ source }) => source))
    .filter((source) => /^\.?\/?$/.test(source));
  expect(folders).toEqual([]);
});

test('each queue has its worker and no worker takes the work of another: the commands share out main, uat and prod', () => {
  expect(Object.fromEntries(roles.map(({ name, command }) => [name, command.join(' ')]))).toEqual({
    'codec-server': 'codec-server',
    api: 'api',
    worker: 'worker --main',
    'worker-uat': 'worker --service shop --env uat',
    'worker-prod': 'worker --service shop --env prod',
  });
});

test('nobody but the API can sign an approval: workers get the public keys, and only the API the signing key', () => {
  const signing = Object.values(compose.services).filter(({ secrets }) => secrets.includes('signing-key'));
  expect(signing.map(({ name }) => name)).toEqual(['api']);
  for (const { name, secrets } of roles.filter((role) => role.name.startsWith('worker')))
    expect({ name, trusts: secrets.includes('verify-keys') }).toEqual({ name, trusts: true });
});

test('no password or key stands in the file of the roles: each is a file under /run/secrets that exists as a secret', () => {
  for (const { environment, secrets } of roles) {
    const sensitive = Object.entries(environment).filter(([key]) => /KEY|LEDGER|TOKEN|PASSWORD/.test(key));
    expect(sensitive.length).toBeGreaterThan(0);
    for (const [key, value] of sensitive) {
      const secret = /^file:\/run\/secrets\/([a-z-]+)$/.exec(value)?.[1] ?? `nothing, ${key} is ${value}`;
      expect(secrets).toContain(secret);
      expect(Object.keys(compose.secrets)).toContain(secret);
    }
  }
});

test("an environment's targets are within reach of its worker alone: each has a network of its own", () => {
  const inNetwork = (network: string): readonly string[] =>
    Object.values(compose.services)
      .filter(({ networks }) => networks.includes(network))
      .map(({ name }) => name);
  expect(inNetwork('uat')).toEqual(['worker-uat']);
  expect(inNetwork('prod')).toEqual(['worker-prod']);
});

test('a role that cannot work is seen: every role has a health check, and only those for people listen, on loopback', () => {
  for (const { name, health } of roles)
    expect({ name, health: health?.slice(0, 2) }).toEqual({ name, health: IS_READY });
  const ports = Object.fromEntries(roles.map((role) => [role.name, role.ports]));
  expect(ports).toEqual({
    ...Object.fromEntries(ROLES.map((name) => [name, []])),
    'codec-server': ['127.0.0.1:7402:7402'],
    api: ['127.0.0.1:7400:7400'],
  });
});
const IS_READY = ['node', '/app/deploy/tidegate/is-ready.mjs'];

test('a container that is broken into gains little: not root, nothing to write but its state, no capabilities', () => {
  const raw = parse(read(COMPOSE_FILE), { merge: true }) as { services: Record<string, Record<string, unknown>> };
  for (const name of ROLES)
    expect(raw.services[name]).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    });
  expect(dockerfile.filter(([verb]) => verb === 'USER').at(-1)).toEqual(['USER', 'node']);
});

test('the team runs the server that the topology was tried with: both name the same version', () => {
  expect(compose.services.temporal?.image).toBe(`temporalio/server:${SERVER_VERSION}`);
  expect(compose.services['temporal-schema']?.image).toBe(`temporalio/admin-tools:${SERVER_VERSION}`);
});

const dockerfile = read('Dockerfile')
  .replaceAll(/\\\n/g, ' ')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => [line.split(' ')[0] ?? '', line.slice(line.indexOf(' ') + 1).trim()] as const);

test('the image builds from the lockfile, on a pinned Node, and carries what deploy scripts need: git and util-linux', () => {
  const bases = dockerfile.filter(([verb]) => verb === 'FROM').map(([, rest]) => rest);
  expect(bases).toHaveLength(2);
  for (const base of bases) expect(base).toMatch(/^node:20\.\d+\.\d+-bookworm-slim( AS build)?$/);
  const ran = dockerfile.filter(([verb]) => verb === 'RUN').map(([, rest]) => rest);
  expect(ran.join('\n')).toMatch(/npm ci/);
  expect(ran.join('\n')).toMatch(/apt-get install .*\bgit\b.*\butil-linux\b/);
  expect(dockerfile.map(([verb]) => verb)).toEqual(expect.arrayContaining(['HEALTHCHECK', 'ENTRYPOINT', 'USER']));
});

test('no secret and no state is sent to the image: what is not named stays outside, and everything that is copied is named', () => {
  const rules = read('.dockerignore')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  expect(rules[0]).toBe('*');
  const sent = rules.slice(1).map((rule) => rule.replace(/^!/, ''));
  expect(sent.filter((name) => /env|secret|tidegate\.yaml|\.git$/.test(name))).toEqual([]);
  const copied = dockerfile
    .filter(([verb, rest]) => verb === 'COPY' && !rest.startsWith('--from'))
    .flatMap(([, rest]) => rest.split(' ').slice(0, -1));
  for (const path of copied) {
    expect(sent).toContain(path.split('/')[0]);
    expect(read(path.includes('.') ? path : 'package.json')).not.toHaveLength(0);
  }
});

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { SEARCH_ATTRIBUTES } from '../../src/domain/ids';
import { TUNED_SETTINGS } from '../../src/temporal/tuned';
import { devServer } from '../support/environments';

interface Service {
  readonly image: string;
  readonly restart: string;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly environment: Readonly<Record<string, string>>;
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

const ROOT = resolve(__dirname, '../..');
const read = (path: string): unknown => parse(readFileSync(join(ROOT, path), 'utf8'));
const compose = read('docker-compose.temporal.yml') as Compose;
const services = Object.entries(compose.services);
const environment = devServer();

test('a team that starts it again next year gets the same versions: every image is pinned to a full version', () => {
  for (const [name, { image }] of services)
    expect({ name, image }).toEqual({ name, image: expect.stringMatching(PINNED) });
  const [, version] = (compose.services.temporal?.image ?? '').split(':');
  expect(version?.split('.').map(Number)).toEqual([1, expect.any(Number), expect.any(Number)]);
  expect(Number(version?.split('.')[1])).toBeGreaterThanOrEqual(32);
});
const PINNED = /^[a-z/-]+:\d+\.\d+(\.\d+)?(-alpine)?$/;

test('nobody on the network reaches the database or the server: every port is published on loopback only', () => {
  const ports = services.flatMap(([, service]) => service.ports ?? []);
  expect(ports).toHaveLength(3);
  for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
});

test('nothing starts before what it needs is ready: each service has a health check, or is waited for until it has completed', () => {
  const conditions = services.flatMap(([, service]) => Object.entries(service.depends_on ?? {}));
  for (const [needed, { condition }] of conditions) {
    const checked = compose.services[needed]?.healthcheck !== undefined;
    expect({ needed, condition }).toEqual({
      needed,
      condition: checked ? 'service_healthy' : 'service_completed_successfully',
    });
  }
  const waitedFor = new Set(conditions.map(([needed]) => needed));
  const unchecked = services.filter(([name, service]) => !service.healthcheck && !waitedFor.has(name));
  expect(unchecked).toEqual([]);
});

test('the waiting bugs survive a new container: data lives in a named volume, and every mounted file exists', () => {
  const mounts = services.flatMap(([, service]) => service.volumes ?? []).map((volume) => volume.split(':')[0] ?? '');
  const named = mounts.filter((mount) => !mount.startsWith('.'));
  expect(named).toEqual(['temporal-database']);
  expect(Object.keys(compose.volumes)).toEqual(named);
  for (const file of mounts.filter((mount) => mount.startsWith('.')))
    expect(readFileSync(join(ROOT, file))).not.toHaveLength(0);
});

test('a team server is as quick as the dev server: both have the same tuned settings', () => {
  const mounted = read('deploy/temporal/dynamic-config.yaml') as Record<string, { value: unknown }[]>;
  const values = Object.entries(mounted).map(([key, [first]]) => [key, first?.value]);
  expect(Object.fromEntries(values)).toEqual({ ...TUNED_SETTINGS, ...FINDS_POISON });
});

/** E12: the dev server is too old for it. */
const FINDS_POISON = { 'system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute': 2 };

test('the Temporal UI can filter by service and status from the first bug on, and a second start changes nothing', async () => {
  const cli = process.env.TEMPORAL_CLI ?? 'temporal';
  const { SEARCH_ATTRIBUTES: names = '' } = compose.services['temporal-namespace']?.environment ?? {};
  expect(names.split(' ')).toEqual([...SEARCH_ATTRIBUTES]);
  const env = {
    PATH: `${dirname(cli)}:${process.env.PATH ?? ''}`,
    HOME: '/nonexistent',
    TEMPORAL_ADDRESS: environment().address,
    NAMESPACE: 'team',
    SEARCH_ATTRIBUTES: names,
  };
  for (const _ of ['first start', 'second start'])
    await promisify(execFile)('/bin/sh', [join(ROOT, 'deploy/temporal/set-up-namespace.sh')], { env });
  const { operatorService } = environment().connection;
  const { customAttributes } = await operatorService.listSearchAttributes({ namespace: 'team' });
  expect(Object.keys(customAttributes)).toEqual(expect.arrayContaining([...SEARCH_ATTRIBUTES]));
});

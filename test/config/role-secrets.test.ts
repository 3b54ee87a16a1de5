import { mkdirSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/load';
import { secretsOf, type Share } from '../../src/config/role-secrets';
import { temporaryFolder } from '../support/temporary-folder';

const TEXT = `
version: 1
service: shop
repo: { url: ./shop.git, main: main, versionFile: package.json, changelog: CHANGELOG.md }
timezone: UTC
slots: { t1: { at: "20:00", days: [mon] }, t2: { at: "22:00", cutoff: 0m, grace: 60m } }
people: { ann: { roles: [admin], token: "\${env:ANN}" } }
environments:
  uat:
    url: http://127.0.0.1:4101
    deploy: { driver: script, script: scripts/deploy.sh }
    smoke: [{ name: open, get: /, headers: { authorization: "\${env:UAT_SMOKE}" }, expect: { status: 200 } }]
    watch: { source: { scrape: /metrics } }
  prod:
    url: http://127.0.0.1:4102
    deploy: { driver: script, script: scripts/deploy.sh }
    smoke: { file: smoke.yaml }
    watch: { source: { scrape: /metrics } }
notify: { telegram: { token: "\${env:TELEGRAM}", chat: -1 } }
`;
const SMOKE = '- { name: open, get: /, headers: { authorization: "${env:PROD_SMOKE}" }, expect: { status: 200 } }\n';

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'tidegate.yaml'), TEXT);
  writeFileSync(join(folder, 'smoke.yaml'), SMOKE);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const load = (share: Share, variables: Record<string, string>) =>
  loadConfig({ configPath: join(folder, 'tidegate.yaml'), cwd: folder, variables, secrets: secretsOf(share) })[0]!;

const DIGEST = 'a'.repeat(64);
const ALL = { ANN: DIGEST, UAT_SMOKE: 'u', PROD_SMOKE: 'p', TELEGRAM: 't' };
const NEEDS: readonly (readonly [Share, readonly (keyof typeof ALL)[]])[] = [
  ['api', ['ANN']],
  ['main', ['TELEGRAM']],
  [{ env: 'uat' }, ['UAT_SMOKE']],
  [{ env: 'prod' }, ['PROD_SMOKE']],
  [null, ['ANN', 'UAT_SMOKE', 'PROD_SMOKE', 'TELEGRAM']],
];

test.each(NEEDS)(
  'the machine of %j needs no secret of another role, and its own may not be missing',
  (share, names) => {
    const own = Object.fromEntries(names.map((name) => [name, ALL[name]]));
    expect(load(share, own).policy.service).toBe('shop');
    for (const name of names) expect(() => load(share, { ...own, [name]: '' })).toThrow(name);
  },
);

test("a role that is given everything still holds its share only: PROD's worker has neither people's digests nor UAT's secret", () => {
  const { people, wiring, policy } = load({ env: 'prod' }, ALL);
  expect(people[0]?.tokenSha256).toBeNull();
  expect(wiring.notify.telegram?.token).toBeNull();
  expect(wiring.environments.uat?.smokeSecrets).toEqual({});
  expect(wiring.environments.prod?.smokeSecrets['${env:PROD_SMOKE}']?.reveal()).toBe('p');
  expect(policy.revision).toBe(load(null, ALL).policy.revision);
});

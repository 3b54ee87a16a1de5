import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { isMap, isSeq, parse, parseDocument, stringify } from 'yaml';
import { loadConfig } from '../../src/config/load';
import { ConfigError } from '../../src/config/problems';
import { configFile, configSchema } from '../../src/config/schema';
import { HASH, inFolder, load, problemLines, SMALL, VARIABLES } from './support';

const ROOT = join(__dirname, '..', '..');
const EXAMPLE = readFileSync(join(ROOT, 'tidegate.yaml'), 'utf8');
const SMOKE = readFileSync(join(ROOT, 'smoke/prod.yaml'), 'utf8');

const loadExample = (text = EXAMPLE, variables = VARIABLES) =>
  inFolder({ 'tidegate.yaml': text, 'smoke/prod.yaml': SMOKE }, (cwd) => ({
    cwd,
    service: loadConfig({ configPath: null, cwd, variables, secrets: 'require' })[0]!,
  }));

/** Paths of everything that is undefined, however deep. */
function undefinedIn(value: unknown, path = ''): readonly string[] {
  if (value === undefined) return [path];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) => undefinedIn(each, `${path}.${key}`));
}

/** All key paths of plain data, list positions left out. */
function keysOf(value: unknown, path: readonly string[] = []): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((each) => keysOf(each, path));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) => [[...path, key].join('.'), ...keysOf(each, [...path, key])]);
}

describe('the example of the manual', () => {
  test('loads whole, so that what people copy works', () => {
    const { service, cwd } = loadExample();
    const { policy, calendar, people, wiring } = service;
    expect(policy).toMatchObject({ service: 'shop', validation: 'uat', production: 'prod', ladder: ['uat', 'prod'] });
    expect(calendar.t1).toEqual({
      at: '20:00:00',
      days: ['mon', 'tue', 'wed', 'thu', 'fri'],
      cutoffMs: 0,
      graceMs: 3_600_000,
    });
    expect(calendar.freezes).toMatchObject([
      { name: 'month end', from: '2026-11-30', cron: null, modules: ['billing'] },
    ]);
    expect(people[0]).toEqual({ id: 'ann', roles: ['admin'], telegram: 1001, tokenSha256: HASH.ann });
    expect(policy.environments.prod?.smoke.map((each) => each.name)).toEqual(['version', 'health', 'status']);
    expect(wiring).toMatchObject({
      repoUrl: join(cwd, 'shop.git'),
      reportsDir: join(cwd, 'releases'),
      tracker: { kind: 'file', path: join(cwd, 'tickets.yaml') },
      migrations: { up: ['npm', 'run', 'migrate'], backup: ['scripts/backup.sh'] },
      freezeApprovals: { 'month end': { count: 2, roles: ['admin', 'senior'], notRequester: true } },
      environments: {
        uat: {
          envFile: join(cwd, '.env.uat'),
          envTemplate: '.env.example',
          metrics: { source: 'scrape', url: 'http://127.0.0.1:4101/metrics' },
          versionUrl: 'http://127.0.0.1:4101/api/version',
          rollbackProof: ['check', 'boot'],
        },
        prod: {
          metrics: { source: 'prometheus', url: 'http://127.0.0.1:9090', selector: 'instance="127.0.0.1:4102"' },
          smokeFile: join(cwd, 'smoke/prod.yaml'),
        },
      },
    });
  });

  test('each of its keys is known and none is swallowed: a misspelt one is told with its right name', () => {
    const keys = keysOf(parse(EXAMPLE)).filter((path) => !/^(people|environments)\.\w+$|\.json\.version$/.test(path));
    expect(keys.length).toBeGreaterThan(80);
    const parsed = configFile.parse(parse(EXAMPLE));
    expect(keysOf(parsed)).toEqual(expect.arrayContaining([...keys]));
  });
});

describe('a resolved service', () => {
  test('has no optionals, so that no rule meets a hole', () => {
    expect(undefinedIn(loadExample().service)).toEqual([]);
    expect(undefinedIn(load(SMALL))).toEqual([]);
  });

  test('keeps secrets out of policy, calendar and anything that is printed', () => {
    const canary = 'canary-7f3a';
    const text = `${SMALL.replace(
      'http://127.0.0.1:4102\n',
      "http://127.0.0.1:4102\n    smoke: [{ name: login, post: /login, headers: { authorization: 'Bearer ${env:CANARY}' }, body: { pin: '${env:CANARY}' } }]\n",
    )}notify: { telegram: { token: '\${env:CANARY}', chat: 1 } }\ntracker: { kind: linear, team: t, token: 'file:./token' }\n`;
    const service = inFolder({ 'tidegate.yaml': text, token: `${canary}\n` }, (cwd) => {
      return loadConfig({ configPath: null, cwd, variables: { CANARY: canary }, secrets: 'require' })[0]!;
    });
    expect(JSON.stringify(service)).not.toContain(canary);
    expect(String(service.wiring.notify.telegram?.token)).toBe('[secret]');
    expect(service.wiring.notify.telegram?.token?.reveal()).toBe(canary);
    expect(service.wiring.tracker).toMatchObject({ kind: 'linear', team: 't' });
    expect(service.wiring.environments.prod?.smokeSecrets['${env:CANARY}']?.reveal()).toBe(canary);
    expect(JSON.stringify(service.policy)).toContain('Bearer ${env:CANARY}');
  });

  test('has watch times by environment: 15m below production, 60m in production, evidence soft below and hard there (X-02, X-13)', () => {
    const { environments } = load(SMALL).policy;
    const minutes = (value: number): number => value * 60_000;
    expect(environments.uat?.watch).toMatchObject({
      windowMs: minutes(15),
      baselineMs: minutes(15),
      missing: 'soft',
    });
    expect(environments.prod?.watch).toMatchObject({
      windowMs: minutes(60),
      baselineMs: minutes(60),
      everyMs: minutes(1),
      noDataMs: minutes(3),
      miniWindowMs: minutes(5),
      missing: 'hard',
    });
  });

  test('says what unusual thing was acknowledged: seconds of watching, minutes between T1 and T2', () => {
    const text = SMALL.replaceAll(
      'watch: {',
      'watch: { window: 20s, every: 1s, shortReason: a demo has no hour,',
    ).replace("t2: { at: '22:00' }", "t2: { at: '20:02:30' }\n  allowShortGap: true");
    const { policy, acknowledged } = load(text);
    expect(policy.environments.prod?.watch).toMatchObject({
      windowMs: 20_000,
      noDataMs: 20_000,
      miniWindowMs: 20_000,
    });
    expect(acknowledged).toEqual([
      'T2 at 20:02:30 only 150s after T1 at 20:00 (slots.allowShortGap)',
      'uat has a watch window of 20s, below the floor of 10m: a demo has no hour',
      'prod has a watch window of 20s, below the floor of 10m: a demo has no hour',
    ]);
  });

  test('takes a freeze from the evening of a day to the end of that day', () => {
    const text = `${SMALL}freezes: [{ name: party, from: '2026-11-30T18:00', to: '2026-11-30' }]\n`;
    expect(load(text).calendar.freezes).toMatchObject([
      { from: '2026-11-30T18:00', to: '2026-11-30', reason: 'party' },
    ]);
  });

  test('fills the part of an approval rule that the file leaves out (X-10)', () => {
    const text = SMALL.replace(
      'http://127.0.0.1:4102\n',
      'http://127.0.0.1:4102\n    approvals: { default: { roles: [cto] }, severity: { high: { count: 2 } } }\n',
    );
    expect(load(text).policy.environments.prod?.approvals).toEqual({
      default: { count: 1, roles: ['cto'], notRequester: true },
      freeze: { count: 2, roles: ['admin', 'senior'], notRequester: true },
      severity: { high: { count: 2, roles: ['cto'], notRequester: true } },
    });
  });

  test('a script that comes with the candidate is named in the policy, so that a gate can say when a fix changes it', () => {
    const deployOf = (input: string) => {
      const text = SMALL.replace('driver: script, script: scripts/deploy.sh', input);
      return load(text).policy.environments.uat?.deploy.script;
    };
    expect(deployOf('driver: script, script: ./scripts//deploy.sh')).toBe('scripts/deploy.sh');
    expect(deployOf('driver: script, script: scripts/deploy.sh, scriptFrom: ops/stable')).toBeUndefined();
    expect(deployOf('driver: manual, checklist: [plug it in]')).toBeUndefined();
  });

  test.each([
    ['script', 'driver: script, script: d.sh, scriptFrom: ./ops/d.sh', { scriptFrom: { from: 'path' } }],
    [
      'script',
      'driver: script, script: d.sh, scriptFrom: ops/stable',
      { scriptFrom: { from: 'ref', ref: 'ops/stable' } },
    ],
    ['command', "driver: command, run: fly deploy, id: 'id: (\\S+)'", { run: ['fly', 'deploy'], id: 'id: (\\S+)' }],
    ['git-push', 'driver: git-push, branch: live', { branch: 'live', owned: false }],
    [
      'github-actions',
      "driver: github-actions, repository: a/b, workflow: d.yml, token: '${env:TELEGRAM_TOKEN}'",
      { workflow: 'd.yml' },
    ],
    ['manual', 'driver: manual, checklist: [plug it in]', { checklist: ['plug it in'] }],
  ])('knows the driver %s (%s)', (driver, input, expected) => {
    const service = load(SMALL.replace('driver: script, script: scripts/deploy.sh', input));
    expect(service.wiring.environments.uat?.deploy).toMatchObject({ driver, ...expected });
    expect(service.policy.environments.uat?.deploy.driver).toBe(driver);
  });
});

describe('the revision', () => {
  const revision = (text: string): string => loadExample(text).service.policy.revision;

  test('is the same whatever the order of keys, so that a tidied file voids no approval', () => {
    const shuffle = (seed: number): string => {
      const document = parseDocument(EXAMPLE);
      const turn = (node: unknown, ordered: boolean): void => {
        if (isSeq(node)) node.items.forEach((each) => turn(each, false));
        if (!isMap(node)) return;
        // The order of environments is the ladder: it means something.
        if (!ordered) node.items.sort((a, b) => weight(String(a.key), seed) - weight(String(b.key), seed));
        node.items.forEach((pair) => turn(pair.value, String(pair.key) === 'environments'));
      };
      turn(document.contents, false);
      return String(document);
    };
    const weight = (key: string, seed: number): number =>
      Buffer.from(key).reduce((sum, byte) => (sum * 31 + byte + seed) % 9973, seed);
    const expected = revision(EXAMPLE);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9972 }), (seed) => revision(shuffle(seed)) === expected),
      { numRuns: 8 },
    );
  });

  test('changes with the policy and with the calendar', () => {
    const all = [EXAMPLE, EXAMPLE.replace('window: 60m', 'window: 61m'), EXAMPLE.replace("'22:00'", "'22:30'")];
    expect(new Set(all.map(revision)).size).toBe(3);
  });
});

describe('any file at all', () => {
  const damage = fc.constantFrom(null, true, -1, '', 'nonsense', '${env:NOPE}', [], {}, ['x'], { x: 1 }, '15 minutes');

  test('either resolves without a hole or is refused with places in it, never with a crash', () => {
    const paths = allPaths(parse(EXAMPLE));
    fc.assert(
      fc.property(fc.constantFrom(...paths), damage, (path, value) => {
        const text = withValue(EXAMPLE, path, value);
        try {
          expect(undefinedIn(loadExample(text).service)).toEqual([]);
        } catch (error) {
          if (!(error instanceof ConfigError)) throw error;
          expect(error.problems.length).toBeGreaterThan(0);
          for (const problem of error.problems) expect(problem.line).toBeGreaterThan(0);
        }
      }),
      { numRuns: 40 },
    );
  });

  function withValue(text: string, path: readonly (string | number)[], value: unknown): string {
    const document = parseDocument(text);
    document.setIn(path, document.createNode(value));
    return String(document);
  }

  function allPaths(value: unknown, path: readonly (string | number)[] = []): (readonly (string | number)[])[] {
    if (typeof value !== 'object' || value === null) return [path];
    const entries = Array.isArray(value)
      ? value.map((each, index): [number, unknown] => [index, each])
      : Object.entries(value);
    return [...(path.length > 0 ? [path] : []), ...entries.flatMap(([key, each]) => allPaths(each, [...path, key]))];
  }
});

describe('the watch', () => {
  const LAST = /watch: \{ source: \{ scrape: \/metrics \} \}\n$/;
  const watching = (watch: string, variables = VARIABLES) => load(SMALL.replace(LAST, `watch: ${watch}\n`), variables);
  const rulesOf = (rules: string) =>
    watching(`{ source: { scrape: /metrics }, rules: ${rules} }`).policy.environments.prod?.watch.rules ?? [];

  test('presets can be joined, and a rule of ours takes the place of the one with its id', () => {
    const own = '{ id: p99-3x, metric: p99, kind: multiple, operator: ">=", bound: 4, class: hard }';
    const rules = rulesOf(`[default, t-181, ${own}]`);
    expect(rules.length).toBe(rulesOf('default').length + rulesOf('t-181').length);
    expect(rules.filter(({ id }) => id === 'p99-3x')).toMatchObject([{ bound: 4, consecutive: 1 }]);
    expect(rulesOf('[s-135]')).toEqual(rulesOf('s-135'));
  });

  test('a Prometheus may need a selector, a longer range, queries and a secret, which stays one', () => {
    const service = watching(
      `{ errors: 5, source: { prometheus: { url: 'https://prom.example/x/', range: 4m, token: '\${env:CANARY}',
        selector: 'job="shop", env=~"prod|live"', queries: { queueDepth: 'sum(jobs{ {{selector}} })' } } } }`,
      { ...VARIABLES, CANARY: 'canary-secret' },
    );
    const { metrics } = service.wiring.environments.prod!;
    expect(metrics).toMatchObject({
      url: 'https://prom.example/x',
      selector: 'job="shop", env=~"prod|live"',
      rangeMs: 240_000,
      queries: { queueDepth: 'sum(jobs{ {{selector}} })' },
    });
    expect(service.policy.environments).toMatchObject({
      uat: { watch: { errorLimit: 3 } },
      prod: { watch: { errorLimit: 5 } },
    });
    expect(JSON.stringify(service)).not.toContain('canary-secret');
    expect(metrics.source === 'prometheus' && metrics.login?.kind === 'bearer' && metrics.login.token?.reveal()).toBe(
      'canary-secret',
    );
  });

  test.each([
    'job="shop"} or vector(0) #',
    'job="shop"} or {job="depot"',
    'job=shop',
    '__name__=~".+"',
    'job="a" env="b"',
    'job="a\\"',
    '',
  ])('the selector %j would ask for more than labels, and is refused', (selector) => {
    const source = `{ prometheus: { url: 'http://127.0.0.1:9090', selector: ${JSON.stringify(selector)} } }`;
    expect(problemLines(() => watching(`{ source: ${source} }`))).toEqual([
      expect.stringContaining('allowed: label matchers without braces'),
    ]);
  });
});

describe('the JSON Schema in the repository', () => {
  test('is the one the code makes, so that editors help with the keys there really are', () => {
    expect(JSON.parse(readFileSync(join(ROOT, 'tidegate.schema.json'), 'utf8'))).toEqual(configSchema());
  });
});

test('a machine without secrets can check a file, and holds none afterwards', () => {
  const text = stringify({ ...parse(SMALL), people: { ann: { roles: ['admin'], token: '${env:NOT_SET}' } } });
  expect(problemLines(() => load(text))).toHaveLength(1);
  const [service] = inFolder({ 'tidegate.yaml': text }, (cwd) =>
    loadConfig({ configPath: null, cwd, variables: {}, secrets: 'skip' }),
  );
  expect(service?.people[0]?.tokenSha256).toBeNull();
});

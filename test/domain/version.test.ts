import fc from 'fast-check';
import {
  baseOf,
  bumpPatch,
  compareVersions,
  fixesOf,
  normalVersion,
  trainVersion,
  withFixes,
} from '../../src/domain/version';

describe('the version a train carries', () => {
  test.each([
    ['1.4.2', '1.4.3'],
    ['v1.4.2', '1.4.3'],
    ['0.3.0', '0.3.1'],
    ['1.4.2+bug.7', '1.4.3'],
    ['1.5.0-rc.1', '1.5.0'],
  ])('a fix on %s ships as %s', (from, to) => {
    expect(trainVersion({ base: from, production: true, bugs: ['7'] })).toBe(to);
  });

  test('validation names the fixes it holds in a fixed order, so that the running shop tells which are there', () => {
    expect(trainVersion({ base: '1.4.2', production: false, bugs: ['10', '8', '10'] })).toBe('1.4.2+bug.8.10');
    expect(withFixes('1.4.2+bug.7', ['8'])).toBe('1.4.2+bug.8');
    expect(withFixes('1.5.0-rc.1', [])).toBe('1.5.0-rc.1');
    expect(fixesOf('1.4.2+bug.7.8')).toEqual(['7', '8']);
    expect(fixesOf('1.4.2+build.7')).toEqual([]);
  });

  test('pending fixes never make an environment look ahead, whatever they are', () => {
    const version = fc.tuple(fc.nat(99), fc.nat(99), fc.nat(99)).map((parts) => parts.join('.'));
    fc.assert(
      fc.property(version, fc.uniqueArray(fc.integer({ min: 1, max: 9999 }).map(String)), (base, bugs) => {
        const carried = withFixes(base, bugs);
        expect(compareVersions(carried, base)).toBe(0);
        expect([baseOf(carried), normalVersion(carried)]).toEqual([base, carried]);
        expect(new Set(fixesOf(carried))).toEqual(new Set(bugs));
        expect(compareVersions(bumpPatch(carried), base)).toBe(1);
      }),
    );
  });

  test('what is no version is refused by name, never taken for 0.0.0', () => {
    expect(() => bumpPatch('latest')).toThrow('"latest" is no semantic version');
    expect(() => withFixes('1.4.2', ['7; rm'])).toThrow('Bug id "7; rm" cannot stand in a version');
    expect(normalVersion('1.4')).toBeNull();
  });
});

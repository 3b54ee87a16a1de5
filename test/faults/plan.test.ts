import { FAULTS } from './faults';
import { planCase } from './plan';
import { countsOf, lastLine, tableBy } from './summary';
import type { CaseResult } from './case';

const planned = (seed: string) => Array.from({ length: 400 }, (_, at) => planCase(seed, at + 1, FAULTS, false));

describe('the plan of a run', () => {
  it('is the same for the same seed, so that a failure can be seen again', () => {
    expect(planned('7')).toEqual(planned('7'));
    expect(planned('7')).not.toEqual(planned('8'));
  });

  it('strikes at every step and with every fault sooner or later', () => {
    const cases = Array.from({ length: 4_000 }, (_, at) => planCase('1', at + 1, FAULTS, false));
    expect(new Set(cases.map(({ fault }) => fault)).size).toBe(FAULTS.length);
    expect(new Set(cases.map(({ point }) => point)).size).toBe(23);
  });

  it('plans a case alone as it plans it among others', () => {
    expect(planCase('1', 17, FAULTS, false)).toEqual(planned('1')[16]);
  });
});

describe('the summary of a run', () => {
  const result = (broken: CaseResult['broken']): CaseResult => ({
    ...{ spec: planCase('1', 1, FAULTS, false), broken, verdicts: [], struck: true, ms: 1, timeline: [], effects: [] },
    folder: '/tmp/x',
  });
  const good = result([]);
  const bad = result([
    { invariant: 'I1', sentence: 'twice' },
    { invariant: 'I10', sentence: 'left' },
    { invariant: 'I7', sentence: 'leak' },
  ]);

  it('counts what the last line names, each case once', () => {
    expect(countsOf([good, bad, bad])).toEqual({
      ...{ runs: 3, struck: 3, lost: 0, double: 2, stuck: 0, orphans: 2, other: 2 },
    });
    expect(lastLine([good])).toBe('1 runs, 1 faults struck: 0 lost, 0 double, 0 stuck, 0 orphans');
  });

  it('has a row for each group and the figures under their heads', () => {
    expect(tableBy('step', [good, bad], () => 'lock')).toEqual([
      'step     runs  struck    lost  double   stuck orphans   other',
      'lock        2       2       0       1       0       1       1',
    ]);
  });
});

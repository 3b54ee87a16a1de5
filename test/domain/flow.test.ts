import fc from 'fast-check';
import { SEVERITIES, type Fix, type Severity } from '../../src/domain/bug';
import {
  checkStated,
  chooseFlow,
  followBase,
  type FlowCommit,
  type FlowEnvironment,
  type FlowFacts,
} from '../../src/domain/flow';
import { withFixes } from '../../src/domain/version';

const fix = (bug: string): Fix => ({
  ref: `fix/${bug}`,
  head: `head${bug}`,
  base: 'base',
  patchIds: [`patch-${bug}`],
  files: [],
  authors: [],
  diff: null,
});
const environment = (name: string, base: string, bugs: readonly string[] = []): FlowEnvironment => ({
  name,
  running: {
    version: withFixes(base, bugs),
    sha: `${name}0123456789abcdef`,
    base: { version: base, sha: `${name}-base` },
    fixes: bugs.map((bug) => ({ bug, fix: fix(bug), leaving: false })),
  },
});
const commit = (id: string): FlowCommit => ({
  sha: `${id}aaaaaaaaaaaa`,
  subject: `feat: ${id}`,
  patchId: `patch-${id}`,
});
const facts = (changes: Partial<FlowFacts> = {}): FlowFacts => ({
  severity: 'low',
  foundIn: 'prod',
  validation: environment('uat', '1.4.2'),
  production: environment('prod', '1.4.2'),
  difference: { onlyValidation: [], onlyProduction: [] },
  ...changes,
});
const uatAhead = {
  validation: environment('uat', '1.5.0'),
  difference: { onlyValidation: [commit('cart')], onlyProduction: [] },
};
const prodAhead = {
  production: environment('prod', '1.4.3'),
  difference: { onlyValidation: [], onlyProduction: [commit('hot')] },
};

describe('Step 0 chooses the way of a fix', () => {
  test.each<[string, Partial<FlowFacts>, string, readonly string[], string | null]>([
    ['equal versions go through UAT first', {}, 'flow1', ['validation', 'production'], null],
    [
      'found in UAT at equal versions it is in PROD too',
      { foundIn: 'uat' },
      'flow1',
      ['validation', 'production'],
      null,
    ],
    [
      'UAT ahead would validate the wrong code, so PROD is first',
      uatAhead,
      'flow2',
      ['production', 'validation'],
      null,
    ],
    [
      'seen only in the UAT that is ahead it ships with it',
      { ...uatAhead, foundIn: 'uat' },
      'flow1',
      ['validation'],
      '1.5.0',
    ],
    ['high never waits for a slot', { severity: 'high' }, 'hotfix', ['production', 'validation'], null],
    [
      'critical goes before any version',
      { severity: 'critical', ...uatAhead },
      'hotfix',
      ['production', 'validation'],
      null,
    ],
    [
      'PROD ahead does not stop a hotfix',
      { severity: 'high', ...prodAhead },
      'hotfix',
      ['production', 'validation'],
      null,
    ],
    [
      'high, and only in the UAT that is ahead, never touches PROD',
      { severity: 'high', ...uatAhead, foundIn: 'uat' },
      'hotfix',
      ['validation'],
      null,
    ],
    [
      'high in UAT at equal versions is in PROD too',
      { severity: 'high', foundIn: 'uat' },
      'hotfix',
      ['production', 'validation'],
      null,
    ],
    [
      'a hotfix does not wait until UAT is known',
      { severity: 'high', validation: { name: 'uat', running: null }, difference: null },
      'hotfix',
      ['production', 'validation'],
      null,
    ],
  ])('%s', (_name, changes, flow, legs, shipsWith) => {
    expect(chooseFlow(facts(changes))).toMatchObject({ flow, legs, shipsWith });
  });

  test('a fix that waits on UAT does not turn the next bug into flow 2, and it is named', () => {
    const choice = chooseFlow(
      facts({
        validation: environment('uat', '1.4.2', ['7']),
        difference: { onlyValidation: [commit('7')], onlyProduction: [] },
      }),
    );
    expect(choice).toMatchObject({ flow: 'flow1' });
    expect(choice.evidence[0]).toBe('uat runs 1.4.2+bug.7 at uat0123456 on base 1.4.2, with #7 pending');
  });

  test('PROD ahead blocks the fix and lists what UAT lacks, so that nobody validates on old code', () => {
    const choice = chooseFlow(facts(prodAhead));
    expect(choice).toMatchObject({
      blocked: {
        what: 'prod is ahead: uat lacks 1 commit of prod. Bring uat up to 1.4.3 first, then retry.',
        whoCanLift: 'an admin or manager, by bringing uat up to 1.4.3',
      },
    });
    expect(choice.evidence).toContain('uat lacks hotaaaaaaa feat: hot');
  });

  test.each<[string, Partial<FlowFacts>, RegExp]>([
    ['equal versions, other commits on UAT', { difference: uatAhead.difference }, /both stand on 1.4.2, but git shows/],
    [
      'equal versions, other commits on PROD',
      { difference: prodAhead.difference },
      /both stand on 1.4.2, but git shows/,
    ],
    ['UAT says ahead, git says no', { validation: environment('uat', '1.5.0') }, /git shows nothing that prod lacks/],
    [
      'UAT ahead by nothing but its pending fix',
      {
        validation: environment('uat', '1.5.0', ['7']),
        difference: { onlyValidation: [commit('7')], onlyProduction: [] },
      },
      /git shows nothing that prod lacks/,
    ],
    ['PROD says ahead, git says no', { production: environment('prod', '1.4.3') }, /git shows nothing that uat lacks/],
    ['UAT unknown', { validation: { name: 'uat', running: null } }, /What uat runs is not known.*Recheck uat/],
    ['PROD unknown', { production: { name: 'prod', running: null } }, /What prod runs is not known/],
    ['nothing compared', { difference: null }, /could not be compared in git/],
  ])('a contradiction blocks with its evidence instead of guessing: %s', (_name, changes, what) => {
    expect(chooseFlow(facts(changes))).toMatchObject({ blocked: { what: expect.stringMatching(what) } });
  });

  test('a version that is none blocks, by name', () => {
    const running = { ...environment('uat', '1.4.2').running!, base: { version: 'latest', sha: 'x' } };
    expect(chooseFlow(facts({ validation: { name: 'uat', running } }))).toMatchObject({
      blocked: { what: expect.stringContaining('"latest" is no semantic version') },
    });
  });

  test('a stated flow that is wrong is refused with the evidence; the right one, or none, is not', () => {
    const choice = chooseFlow(facts());
    expect(checkStated('flow2', choice)).toMatch(
      /^flow2 was stated, but flow1 applies: uat runs 1\.4\.2 .* state flow1\.$/,
    );
    expect(checkStated('flow1', choice)).toBeNull();
    expect(checkStated(null, choice)).toBeNull();
    expect(checkStated('flow1', chooseFlow(facts(prodAhead)))).toMatch(
      /^flow1 was stated, but no flow can be chosen yet: prod is ahead/,
    );
  });

  test('whatever the world looks like: only high and critical are hotfixes, and only proven versions open a pipeline', () => {
    const versions = fc.constantFrom('1.4.2', '1.4.3', '1.5.0-rc.1', '1.5.0');
    const commits = fc.subarray(['7', 'cart', 'hot']).map((ids) => ids.map(commit));
    fc.assert(
      fc.property(
        fc.constantFrom<Severity>(...SEVERITIES),
        fc.constantFrom('uat', 'prod', 'dev'),
        versions,
        versions,
        commits,
        commits,
        fc.subarray(['7']),
        (severity, foundIn, uat, prod, onlyValidation, onlyProduction, pending) => {
          const choice = chooseFlow({
            severity,
            foundIn,
            validation: environment('uat', uat, pending),
            production: environment('prod', prod),
            difference: { onlyValidation, onlyProduction },
          });
          const urgent = severity === 'high' || severity === 'critical';
          expect('flow' in choice && choice.flow === 'hotfix').toBe(urgent);
          expect(choice.evidence.length).toBeGreaterThan(0);
          if ('blocked' in choice || urgent) return;
          const extra = onlyValidation.filter(({ patchId }) => !pending.some((bug) => patchId === `patch-${bug}`));
          if (choice.flow === 'flow1' && choice.shipsWith === null) {
            expect([uat, extra, onlyProduction]).toEqual([prod, [], []]);
          } else {
            expect(extra.length).toBeGreaterThan(0);
            expect(choice.flow === 'flow2').toBe(foundIn === 'prod');
          }
        },
      ),
    );
  });
});

describe("validation's base follows production's", () => {
  const shipped = { production: environment('prod', '1.4.3'), validation: environment('uat', '1.4.2', ['7']) };

  it('does not block a bug that is confirmed in the moment after a train has committed', () => {
    expect(chooseFlow(facts(shipped))).toHaveProperty('blocked');
    expect(chooseFlow(followBase(facts(shipped)))).toMatchObject({ flow: 'flow1', shipsWith: null });
  });

  it('follows nothing while UAT lacks a commit of PROD, or is ahead of it', () => {
    expect(followBase(facts(prodAhead))).toEqual(facts(prodAhead));
    expect(followBase(facts(uatAhead))).toEqual(facts(uatAhead));
  });
});

import { join } from 'node:path';
import type { Fix } from '../../src/domain/bug';
import type { Passenger } from '../../src/domain/environment';
import { createGitSource, type GitSource } from '../../src/drivers/git/source';
import type { CandidateOrder } from '../../src/ports/source';
import { CHANGELOG, createGitFixture, edited, type GitFixture } from '../support/git-fixture';
import { proofBy } from '../support/signing';

const AT = Date.UTC(2026, 10, 20, 15);

describe('building a candidate', () => {
  let shop: GitFixture;
  let source: GitSource;
  let base: string;

  beforeEach(() => {
    shop = createGitFixture();
    source = newSource('mirror');
    base = shop.git('rev-parse', 'v1.4.2');
  });
  afterEach(() => shop.destroy());

  const newSource = (mirror: string) =>
    createGitSource({
      url: shop.url,
      main: 'main',
      versionFile: 'package.json',
      changelog: 'CHANGELOG.md',
      mirrorDir: join(shop.folder, mirror),
    });

  async function fixOf(branch: string): Promise<Fix> {
    const fix = await source.fix(branch);
    if (fix === null) throw new Error(`no fix on ${branch}`);
    return fix;
  }

  async function passenger(
    bug: string,
    approved: { sha?: string; productionSha?: string | null } | null = {},
  ): Promise<Passenger> {
    const fix = await fixOf(`fix/${bug}`);
    const proof = proofBy('bo', fix.head, bug, AT);
    const approval = { by: 'bo', at: AT, sha: fix.head, productionSha: base, proof, ...approved };
    const approvals = approved === null ? [] : [approval];
    return { bug, title: `Title of ${bug}`, severity: 'medium', modules: [], fix, approvals };
  }

  const order = (passengers: readonly Passenger[], changes: Partial<CandidateOrder> = {}): CandidateOrder => ({
    deployment: 'shop-prod-1',
    env: 'prod',
    base: { version: '1.4.2', sha: base },
    version: '1.4.3',
    passengers,
    production: true,
    date: '2026-11-20',
    at: AT,
    heldBy: null,
    ...changes,
  });
  const show = (sha: string, path: string) => {
    shop.git('fetch', '-q', 'origin', '+refs/tidegate/*:refs/tidegate/*');
    return shop.git('show', `${sha}:${path}`);
  };

  it('production gets exactly the approved fixes, with version, changelog, authors and origin on record', async () => {
    const fixed = shop.commit(
      'fix/7',
      { 'src/cart.js': edited('cart', { 3: 'total = sum' }) },
      { message: 'fix: sum the cart\n\nCloses: #7' },
    );
    shop.commit(
      'fix/8',
      { 'src/price.js': edited('price', { 20: 'price = cents / 100' }) },
      { author: 'Dee <Dee@shop.example>' },
    );
    shop.commit('main', { 'src/other.js': 'not approved\n' });
    const built = await source.buildCandidate(order([await passenger('7'), await passenger('8')]));

    expect(built).toMatchObject({
      version: '1.4.3',
      aboard: ['7', '8'],
      left: [],
      changes: ['fix: sum the cart', 'feat: change src/price.js'],
    });
    expect(shop.remote('refs/tidegate/deployments/shop-prod-1')).toBe(built.sha);
    expect(show(built.sha, 'package.json')).toBe(
      '{\n  "name": "shop",\n  "version": "1.4.3",\n  "config": { "version": "1.4.2" }\n}',
    );
    const section = '## [1.4.3] - 2026-11-20\n\n### Fixed\n- Title of 7 (#7)\n- Title of 8 (#8)\n\n';
    expect(`${show(built.sha, 'CHANGELOG.md')}\n`).toBe(CHANGELOG.replace('## [1.4.2]', () => `${section}## [1.4.2]`));
    expect(shop.git('diff', '--name-only', base, built.sha).split('\n')).toEqual([
      'CHANGELOG.md',
      'package.json',
      'src/cart.js',
      'src/price.js',
    ]);
    expect(shop.git('log', '--reverse', '--format=%an|%cn|%s|%ct', `${base}..${built.sha}`).split('\n')).toEqual([
      `Ann|Tidegate|fix: sum the cart|${AT / 1000}`,
      `Dee|Tidegate|feat: change src/price.js|${AT / 1000}`,
      `Tidegate|Tidegate|chore(release): 1.4.3|${AT / 1000}`,
    ]);
    expect(shop.git('log', '-1', '--format=%B', `${built.sha}~2`)).toBe(
      `fix: sum the cart\n\nCloses: #7\n(cherry picked from commit ${fixed})\nTidegate-Bug: 7`,
    );
    expect(shop.git('log', '-1', '--format=%(trailers:key=Tidegate-Version,valueonly)', built.sha)).toBe('1.4.3');
    expect(await source.changelogSection(built.sha, '1.4.3')).toBe('### Fixed\n- Title of 7 (#7)\n- Title of 8 (#8)');
    expect(await source.versionAt(built.sha)).toBe('1.4.3');
    expect(shop.remote('refs/heads/main')).toBe(shop.git('rev-parse', 'main'));
  });

  it('the same order gives the same commit again, also from another worker, so that a retry never makes a second candidate', async () => {
    shop.commit('fix/7', { 'src/cart.js': edited('cart', { 3: 'total = sum' }) });
    const wanted = order([await passenger('7')]);
    const first = await source.buildCandidate(wanted);
    expect(await source.buildCandidate(wanted)).toEqual(first);
    const elsewhere = await Promise.all(
      [newSource('second'), newSource('second')].map((other) => other.buildCandidate(wanted)),
    );
    expect(elsewhere).toEqual([first, first]);
    await expect(source.buildCandidate({ ...wanted, at: AT + 1000 })).rejects.toMatchObject({ kind: 'Conflict' });
    expect(shop.remote('refs/tidegate/deployments/shop-prod-1')).toBe(first.sha);
  });

  it('a conflicting fix stays behind with its files named and the others go on', async () => {
    shop.commit('fix/7', { 'src/cart.js': edited('cart', { 3: 'seven' }) });
    shop.commit('fix/8', {
      'src/cart.js': edited('cart', { 3: 'eight' }),
      'src/price.js': edited('price', { 1: 'eight' }),
    });
    shop.commit('fix/9', { 'src/price.js': edited('price', { 28: 'nine' }) });
    const built = await source.buildCandidate(
      order([await passenger('7'), await passenger('8'), await passenger('9')]),
    );
    expect(built.aboard).toEqual(['7', '9']);
    expect(built.left).toEqual([
      { bug: '8', cause: 'conflict', files: ['src/cart.js'], reason: expect.stringContaining('src/cart.js') },
    ]);
    expect(show(built.sha, 'src/price.js')).toBe(edited('price', { 28: 'nine' }).trim());
    expect(show(built.sha, 'CHANGELOG.md')).not.toContain('#8');
  });

  it('a fix that comes out as another patch than the approved one stays behind (X-21)', async () => {
    shop.commit('fix/7', { 'src/cart.js': edited('cart', { 10: 'seven' }) });
    shop.commit('fix/8', { 'src/cart.js': edited('cart', { 12: 'eight' }) });
    const built = await source.buildCandidate(order([await passenger('7'), await passenger('8')]));
    expect(built.aboard).toEqual(['7']);
    expect(built.left).toMatchObject([{ bug: '8', cause: 'changed', files: ['src/cart.js'] }]);
  });

  it('a fix whose commits, approval or branch are no longer the approved ones stays behind (X-21)', async () => {
    for (const bug of ['7', '8', '9', '10']) shop.commit(`fix/${bug}`, { [`src/${bug}.js`]: `${bug}\n` });
    const seven = await passenger('7');
    const tampered = { ...seven, fix: { ...seven.fix, patchIds: ['0'.repeat(40)] } };
    const superseded = await passenger('8', { sha: base });
    const moved = await passenger('9');
    const later = shop.commit('fix/9', { 'src/9.js': 'not approved\n' });
    const rebased = await passenger('10');
    shop.commit('main', { 'src/other.js': 'other\n' });
    shop.git('checkout', '-q', 'fix/10');
    shop.git('rebase', '-q', 'main');
    shop.push('--force', 'fix/10');

    const built = await source.buildCandidate(order([tampered, superseded, moved, rebased]));
    expect(built.aboard).toEqual(['10']);
    expect(built.left.map(({ bug, cause }) => [bug, cause])).toEqual([
      ['7', 'changed'],
      ['8', 'changed'],
      ['9', 'changed'],
    ]);
    expect(built.left[2]?.reason).toContain(later.slice(0, 10));
  });

  it('an approval is void when production got a change that validation lacks, and holds when validation has it (X-22)', async () => {
    shop.commit('fix/6', { 'src/cart.js': edited('cart', { 1: 'six' }) });
    shop.commit('fix/7', { 'src/price.js': edited('price', { 3: 'seven' }) });
    const production = await source.buildCandidate(order([await passenger('6')]));
    const next = { deployment: 'shop-prod-2', base: { version: '1.4.3', sha: production.sha }, version: '1.4.4' };
    const below = { env: 'uat', production: false, version: '1.4.2+bug.7' };
    const seven = await passenger('7');

    const without = await source.buildCandidate(order([seven], { ...below, deployment: 'shop-uat-1' }));
    const refused = await source.buildCandidate(order([seven], { ...next, heldBy: without.sha }));
    expect(refused).toMatchObject({ aboard: [], sha: production.sha, version: '1.4.3', changes: [] });
    expect(refused.left).toMatchObject([{ bug: '7', cause: 'base-moved' }]);
    expect(refused.left[0]?.reason).toContain('feat: change src/cart.js');
    expect(refused.left[0]?.reason).not.toContain('chore(release)');

    const both = [await passenger('6'), seven];
    const holding = await source.buildCandidate(
      order(both, { ...below, deployment: 'shop-uat-2', version: '1.4.2+bug.6.7' }),
    );
    const leaving = await source.buildCandidate(
      order([seven], { ...next, deployment: 'shop-prod-3', heldBy: holding.sha }),
    );
    expect(leaving).toMatchObject({ aboard: ['7'], left: [], version: '1.4.4' });
  });

  it('a commit that only pretends to be a version commit does not slip past an approval (X-22)', async () => {
    shop.commit('fix/7', { 'src/price.js': edited('price', { 3: 'seven' }) });
    const forged = shop.commit(
      'main',
      { 'src/cart.js': 'forged\n' },
      { message: 'chore: x\n\nTidegate-Version: 1.4.3' },
    );
    const built = await source.buildCandidate(
      order([await passenger('7')], { base: { version: '1.4.2', sha: forged }, heldBy: base }),
    );
    expect(built.left).toMatchObject([{ bug: '7', cause: 'base-moved' }]);
  });

  it('below production the version names only the fixes that are really aboard, and the changelog stays (X-17)', async () => {
    shop.commit('fix/7', { 'src/cart.js': edited('cart', { 3: 'seven' }) });
    shop.commit('fix/8', { 'src/cart.js': edited('cart', { 3: 'eight' }) });
    const riders = [await passenger('7', null), await passenger('8', null)];
    const built = await source.buildCandidate(
      order(riders, { env: 'uat', production: false, version: '1.4.2+bug.7.8' }),
    );
    expect(built.version).toBe('1.4.2+bug.7');
    expect(await source.versionAt(built.sha)).toBe('1.4.2+bug.7');
    expect(await source.differs(base, built.sha, 'CHANGELOG.md')).toBe(false);
    expect(await source.differs(base, built.sha, 'src')).toBe(true);
  });

  it('a fix that is there already boards without a second commit (F17)', async () => {
    shop.commit('fix/7', { 'src/cart.js': edited('cart', { 3: 'seven' }) });
    const seven = await passenger('7');
    const first = await source.buildCandidate(order([seven]));
    const again = order([seven], {
      deployment: 'shop-prod-2',
      base: { version: '1.4.3', sha: first.sha },
      version: '1.4.4',
    });
    const second = await source.buildCandidate(again);
    expect(second).toMatchObject({ aboard: ['7'], left: [], changes: [] });
    expect(shop.git('ls-remote', 'origin', 'refs/tidegate/deployments/shop-prod-2')).toContain(second.sha);
  });

  it('a fix whose commits vanished is left behind with the way out, and an unknown base ends the build', async () => {
    shop.commit('fix/7', { 'src/cart.js': edited('cart', { 3: 'seven' }) });
    const seven = await passenger('7');
    const lost = { ...seven, fix: { ...seven.fix, head: 'a'.repeat(40) } };
    const built = await source.buildCandidate(order([lost]));
    expect(built).toMatchObject({ sha: base, aboard: [], left: [{ bug: '7', cause: 'missing' }] });
    const nowhere = order([seven], { base: { version: '1.4.2', sha: 'b'.repeat(40) } });
    await expect(source.buildCandidate(nowhere)).rejects.toMatchObject({ kind: 'BadRef' });
  });

  it('a picked fix counts as held on both sides, version commits on none (X-17)', async () => {
    shop.commit('fix/7', { 'src/cart.js': edited('cart', { 3: 'seven' }), 'logo.png': 'PNG\0\u0001binary' });
    const built = await source.buildCandidate(order([await passenger('7')]));
    const head = shop.git('rev-parse', 'fix/7');
    expect(await source.compare(built.sha, head)).toEqual({ onlyLeft: [], onlyRight: [] });
    const more = shop.commit('fix/7', { 'logo.png': 'PNG\0\u0001another' });
    await source.fetch();
    expect(await source.compare(built.sha, more)).toMatchObject({ onlyLeft: [], onlyRight: [{ sha: more }] });
  });
});

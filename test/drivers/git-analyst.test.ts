import { join } from 'node:path';
import type { BugReport } from '../../src/domain/bug';
import { createGitAnalyst } from '../../src/drivers/analyst-git/analyst';
import { locate, parseFrames } from '../../src/drivers/analyst-git/frames';
import { filesByWords, suspectChanges, wordsOf } from '../../src/drivers/analyst-git/scoring';
import { createGitSource } from '../../src/drivers/git/source';
import { createGitFixture, edited } from '../support/git-fixture';

describe('the places of a stack trace', () => {
  it.each([
    [
      'node',
      'Error: x\n    at total (/app/src/cart.js:12:5)\n    at async run (file:///app/src/main.mjs:3:1)',
      ['/app/src/cart.js:12', '/app/src/main.mjs:3'],
    ],
    [
      'node, foreign code left out',
      '    at next (/app/node_modules/express/lib/router/index.js:280:10)\n    at node:internal/timers:3:1',
      [],
    ],
    ['browser', 'total@https://shop.example/assets/cart.js?v=3:12:5', ['/assets/cart.js:12']],
    ['browser, no query', 'total@https://shop.example/assets/cart.js:12:5', ['/assets/cart.js:12']],
    ['windows', '    at total (C:\\app\\src\\cart.js:12:5)', ['C:/app/src/cart.js:12']],
    [
      'python',
      'Traceback (most recent call last):\n  File "/app/main.py", line 3, in <module>\n  File "/app/shop/cart.py", line 12, in total',
      ['/app/shop/cart.py:12', '/app/main.py:3'],
    ],
    [
      'java',
      'Exception in thread "main"\n\tat com.shop.cart.Cart.total(Cart.java:12)\n\tat com.shop.Main.<init>(Main.java:3)',
      ['com/shop/cart/Cart.java:12', 'com/shop/Main.java:3'],
    ],
    ['go', 'goroutine 1 [running]:\nmain.total(...)\n\t/app/cart/cart.go:12 +0x1d', ['/app/cart/cart.go:12']],
    [
      'ruby',
      "/app/lib/cart.rb:12:in `total': oops (RuntimeError)\n\tfrom /app/main.rb:3:in `<main>'",
      ['/app/lib/cart.rb:12', '/app/main.rb:3'],
    ],
    ['no stack', 'the cart is wrong at 20:00', []],
  ])('%s: innermost first', (_, stack, expected) => {
    expect(parseFrames(stack).map(({ path, line }) => `${path}:${line}`)).toEqual(expected);
  });

  it('is found in the repository by the longest common end, and not guessed between equals', () => {
    const files = ['src/cart.js', 'lib/cart.js', 'src/index.js', 'web/src/main.py'];
    const find = (path: string) => locate({ path, line: 1 }, files)?.file ?? null;
    expect(['/app/src/cart.js', '/x/cart.js', '/srv/index.js', '/app/src/main.py', '/app/other.js'].map(find)).toEqual([
      'src/cart.js',
      null,
      'src/index.js',
      'web/src/main.py',
      null,
    ]);
  });
});

describe('scoring', () => {
  const change = (sha: string, subject: string, files: readonly string[]) => ({
    sha,
    subject,
    files,
    author: 'Ann',
    at: 0,
  });

  it('words of the report find files by path and by subjects of changes, code before tests', () => {
    const files = ['src/cart.js', 'test/cart.test.js', 'src/tax.js', 'src/menu.js'];
    const changes = [change('1', 'fix rounding of vouchers', ['src/tax.js']), change('2', 'move all', files)];
    const words = wordsOf('Cart: voucher is rounded the wrong way', null);
    expect(filesByWords(words, files, changes).map(({ item }) => item)).toEqual([
      'src/cart.js',
      'src/tax.js',
      'test/cart.test.js',
    ]);
  });

  it('a recent change of the failing line weighs more than an older or a remote one', () => {
    const changes = [
      change('new-remote', '', ['b']),
      change('blamed', '', ['a']),
      change('newer', '', ['a']),
      change('old', '', ['a']),
    ];
    expect(suspectChanges(['a', 'b'], changes, ['blamed']).map(({ item }) => item.sha)).toEqual([
      'blamed',
      'newer',
      'old',
      'new-remote',
    ]);
  });
});

describe('analysis of a bug in a real repository (T-011)', () => {
  const bug = (changes: Partial<BugReport>): BugReport => ({
    id: '7',
    service: 'shop',
    title: 'Cart total is wrong',
    description: null,
    severity: 'high',
    foundIn: 'prod',
    evidence: { stack: null, url: 'https://shop.example/cart', version: null },
    modules: [],
    services: [],
    external: null,
    revision: 'r1',
    ...changes,
  });
  const withStack = (stack: string) => bug({ evidence: { stack, url: null, version: null } });

  it('names the commit behind the failing line, its author and whether the fix touches it', async () => {
    const shop = createGitFixture();
    try {
      const guilty = shop.commit(
        'main',
        { 'src/cart.js': edited('cart', { 12: 'total = a + b' }) },
        { message: 'feat: new totals', author: 'Dee <dee@shop.example>' },
      );
      shop.commit('fix/7', { 'src/price.js': edited('price', { 2: 'x' }) });
      const settings = { url: shop.url, main: 'main', versionFile: 'package.json', changelog: 'CHANGELOG.md' };
      const source = createGitSource({ ...settings, mirrorDir: join(shop.folder, 'mirror') });
      const analyst = createGitAnalyst(source, { main: 'main' });
      const fix = await source.fix('fix/7');

      const sure = await analyst.analyse(withStack('    at total (/app/src/cart.js:12:5)'), guilty, fix);
      expect(sure).toMatchObject({ provider: 'git', confidence: 'high' });
      expect(sure?.suspects[0]).toMatchObject({
        file: 'src/cart.js',
        line: 12,
        commit: guilty,
        author: 'Dee',
        subject: 'feat: new totals',
      });
      expect(sure?.hypothesis).toContain(`${guilty.slice(0, 10)} "feat: new totals" by Dee of 2026-11-01`);
      expect(sure?.evidence[0]).toMatch(/^src\/cart\.js:12 stands in the stack trace; .*\(Dee, 2026-11-01\)\.$/);
      expect(sure?.plan.join(' ')).toContain('touches none of the suspects (src/cart.js)');

      const unsure = await analyst.analyse(bug({}), null, null);
      expect(unsure).toMatchObject({
        confidence: 'low',
        suspects: [{ file: 'src/cart.js', line: null, commit: guilty }],
      });
      expect(unsure?.hypothesis).toContain('only words of the report (cart, total)');
      const nothing = await analyst.analyse(bug({ title: 'Zzzz' }), guilty, null);
      expect(nothing).toMatchObject({ confidence: 'low', suspects: [], evidence: [] });
    } finally {
      shop.destroy();
    }
  });
});

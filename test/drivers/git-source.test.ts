import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createBranchFixer } from '../../src/drivers/git/fixer';
import { protocolOf } from '../../src/drivers/git/remote-url';
import { createGitSource, type GitSource } from '../../src/drivers/git/source';
import { createGitFixture, edited, type GitFixture } from '../support/git-fixture';

const AT = Date.UTC(2026, 10, 20, 15);
const UAT = 'refs/tidegate/env/uat';

let shop: GitFixture;
let source: GitSource;
let base: string;

beforeEach(() => {
  shop = createGitFixture();
  base = shop.git('rev-parse', 'main');
  source = newSource();
});
afterEach(() => shop.destroy());

const newSource = (changes: { url?: string; timeoutMs?: number } = {}) =>
  createGitSource({
    url: shop.url,
    main: 'main',
    versionFile: 'package.json',
    changelog: 'CHANGELOG.md',
    mirrorDir: join(shop.folder, 'mirror'),
    ...changes,
  });

describe('moving refs', () => {
  it('moves several refs at once or none, and a second time is fine', async () => {
    const next = shop.commit('main', { 'a.txt': 'a' });
    const moves = [
      { ref: UAT, from: null, to: base },
      { ref: 'refs/tidegate/env/prod', from: null, to: next },
    ];
    await source.move(moves);
    await source.move(moves);
    expect([shop.remote(UAT), shop.remote('refs/tidegate/env/prod')]).toEqual([base, next]);
    expect(await source.resolve(UAT)).toBe(base);

    shop.hook('update', 'case "$1" in refs/tidegate/env/prod) echo "prod is closed tonight" >&2; exit 1;; esac');
    const both = [
      { ref: UAT, from: base, to: next },
      { ref: 'refs/tidegate/env/prod', from: next, to: base },
    ];
    await expect(source.move(both)).rejects.toMatchObject({
      kind: 'Rejected',
      message: expect.stringContaining('prod is closed tonight'),
    });
    expect(shop.remote(UAT)).toBe(base);
    await source.move([{ ref: UAT, from: base, to: null }]);
    expect(shop.remote(UAT)).toBeNull();
  });

  it('a lost lease pushes nothing: somebody else moved the environment (X-23)', async () => {
    const next = shop.commit('main', { 'a.txt': 'a' });
    const other = shop.commit('main', { 'b.txt': 'b' });
    await source.move([{ ref: UAT, from: null, to: base }]);
    shop.push('--force', `${other}:${UAT}`);
    await expect(source.move([{ ref: UAT, from: base, to: next }])).rejects.toMatchObject({ kind: 'Conflict' });
    await expect(source.move([{ ref: UAT, from: null, to: next }])).rejects.toMatchObject({ kind: 'Conflict' });
    expect(shop.remote(UAT)).toBe(other);
  });

  it('loses no commit of a branch to a push of ours: forward only, never deleted, also in a race', async () => {
    const theirs = shop.commit('main', { 'a.txt': 'a' });
    const ours = shop.commit('fix/7', { 'b.txt': 'b' }, { from: base });
    for (const move of [
      { ref: 'refs/heads/main', from: theirs, to: base },
      { ref: 'refs/heads/main', from: theirs, to: ours },
    ]) {
      await expect(source.move([move])).rejects.toMatchObject({ kind: 'Conflict' });
    }
    await expect(source.move([{ ref: 'refs/heads/main', from: theirs, to: null }])).rejects.toMatchObject({
      kind: 'BadRef',
    });
    // The branch moves between our look and our push.
    const late = shop.commit('late', { 'c.txt': 'c' }, { from: theirs });
    shop.hook('pre-receive', `unset GIT_QUARANTINE_PATH; git update-ref refs/heads/main ${late}`);
    const child = shop.git('commit-tree', '-p', theirs, '-m', 'ours', `${theirs}^{tree}`);
    shop.push(`${child}:refs/heads/ours`);
    shop.push('--force', `${theirs}:refs/heads/main`);
    await expect(source.move([{ ref: 'refs/heads/main', from: theirs, to: child }])).rejects.toMatchObject({
      kind: 'Conflict',
    });
    expect(shop.remote('refs/heads/main')).toBe(late);
  });

  it('a push that arrived counts, although the connection was cut before the answer (F16)', async () => {
    shop.hook('reference-transaction', '[ "$1" = committed ] && kill -9 $PPID; exit 0');
    await source.move([{ ref: UAT, from: null, to: base }]);
    expect(shop.remote(UAT)).toBe(base);
  });

  it('a remote that hangs or is gone is "unavailable", so that the step is tried again (F14)', async () => {
    await source.fetch();
    shop.hook('pre-receive', 'sleep 600');
    const impatient = newSource({ timeoutMs: 2_000 });
    await expect(impatient.move([{ ref: UAT, from: null, to: base }])).rejects.toMatchObject({ kind: 'Unavailable' });
    expect(shop.remote(UAT)).toBeNull();
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/shop.git`;
    const stalled = newSource({ url, timeoutMs: 1_000 }).fetch();
    await expect(stalled.finally(() => silent.close())).rejects.toMatchObject({ kind: 'Unavailable' });
    await expect(newSource({ url: join(shop.folder, 'gone.git') }).fetch()).rejects.toMatchObject({
      kind: 'Unavailable',
    });
  });
});

describe('tags', () => {
  it('an annotated tag is made once and never moved (abuse 29)', async () => {
    const next = shop.commit('main', { 'a.txt': 'a' });
    await source.tag('v1.4.3', base, '## Fixed\n- the cart', AT);
    await source.tag('v1.4.3', base, 'another text', AT + 5000);
    await source.tag('v1.4.2', base, 'was made by a person, without a message', AT);
    await expect(source.tag('v1.4.3', next, 'moved', AT)).rejects.toMatchObject({ kind: 'Conflict' });
    shop.git('fetch', '-q', '--tags', 'origin');
    expect(
      shop.git('for-each-ref', '--format=%(objecttype) %(*objectname) %(taggername) %(contents)', 'refs/tags/v1.4.3'),
    ).toBe(`tag ${base} Tidegate ## Fixed\n- the cart`);
    expect(await source.resolve('v1.4.3')).toBe(base);
    shop.hook('update', 'case "$1" in refs/tags/*) echo "tags are frozen" >&2; exit 1;; esac');
    await expect(source.tag('v1.4.4', next, 'x', AT)).rejects.toMatchObject({ kind: 'Rejected' });
    await expect(source.move([{ ref: 'refs/tags/v1.4.3', from: base, to: next }])).rejects.toMatchObject({
      kind: 'BadRef',
    });
  });
});

describe('fixes', () => {
  it('finds what a branch adds, whom it is by and what it touches; nothing is null', async () => {
    shop.commit('fix/7', { 'src/cart.js': edited('cart', { 3: 'x' }) }, { author: 'Dee <Dee@Shop.example>' });
    shop.commit('fix/7', { 'src/new.js': 'y\n' });
    shop.commit('main', { 'a.txt': 'a' });
    shop.git('branch', 'fix/8', 'main');
    shop.push('fix/8');
    const fixer = createBranchFixer(source, 'fix/{{bug}}');
    const fix = await fixer.find({ id: '7', service: 'shop' });
    expect(fix).toMatchObject({
      ref: 'fix/7',
      head: shop.remote('refs/heads/fix/7'),
      base,
      files: ['src/cart.js', 'src/new.js'],
      authors: ['ann@shop.example', 'dee@shop.example'],
      diff: expect.stringContaining('+x\n'),
    });
    const ids = shop.git('rev-list', '--reverse', `${base}..fix/7`).split('\n');
    expect(fix?.patchIds).toHaveLength(ids.length);
    expect(await fixer.find({ id: '8', service: 'shop' })).toBeNull();
    expect(await fixer.find({ id: '9', service: 'shop' })).toBeNull();
    await expect(fixer.find({ id: '--upload-pack=x ..', service: 'shop' })).rejects.toMatchObject({ kind: 'BadRef' });
  });

  it('passes over a plain merge of main, and refuses one that hides a change without a patch', async () => {
    shop.commit('fix/7', { 'src/cart.js': edited('cart', { 3: 'x' }) });
    shop.commit('main', { 'a.txt': 'a' });
    shop.git('checkout', '-q', 'fix/7');
    shop.git('merge', '-q', '--no-edit', 'main');
    shop.push('fix/7');
    expect(await source.fix('fix/7')).toMatchObject({ base: shop.remote('refs/heads/main'), files: ['src/cart.js'] });
    writeFileSync(join(shop.folder, 'clone', 'evil.js'), 'hidden\n');
    shop.git('add', 'evil.js');
    shop.git('commit', '-q', '--amend', '--no-edit');
    shop.push('--force', 'fix/7');
    await expect(source.fix('fix/7')).rejects.toMatchObject({
      kind: 'Conflict',
      message: expect.stringContaining('Rebase'),
    });
  });

  it('brings fixes to main by fast-forward or as picks, and knows when nothing is missing (X-24)', async () => {
    shop.commit('fix/7', { 'src/cart.js': edited('cart', { 3: 'seven' }) });
    shop.commit('fix/8', { 'src/price.js': edited('price', { 3: 'eight' }) });
    shop.commit('fix/9', { 'src/price.js': edited('price', { 3: 'nine' }) });
    const [seven, eight, nine] = await Promise.all(['7', '8', '9'].map((bug) => source.fix(`fix/${bug}`)));
    if (!seven || !eight || !nine) throw new Error('fixes are missing');
    expect(await source.missingOnMain(eight)).toEqual(eight.patchIds);
    await source.mergeToMain([seven, eight]);
    expect(shop.git('ls-remote', 'origin', 'refs/heads/main')).not.toContain(base);
    expect(await Promise.all([seven, eight].map((fix) => source.missingOnMain(fix)))).toEqual([[], []]);
    const main = shop.remote('refs/heads/main');
    await source.mergeToMain([seven, eight]);
    expect(shop.remote('refs/heads/main')).toBe(main);
    await expect(source.mergeToMain([nine])).rejects.toMatchObject({
      kind: 'Conflict',
      details: { files: ['src/price.js'] },
    });
    expect(shop.remote('refs/heads/main')).toBe(main);
  });

  it('a squashed or hand-resolved fix counts as being on main (X-24)', async () => {
    shop.commit('fix/7', { 'src/cart.js': edited('cart', { 3: 'one' }) });
    shop.commit('fix/7', { 'src/cart.js': edited('cart', { 3: 'one', 20: 'two' }) });
    const picked = shop.commit('fix/8', { 'src/price.js': edited('price', { 3: 'eight' }) });
    shop.commit('main', { 'src/cart.js': edited('cart', { 3: 'one', 20: 'two' }) }, { message: 'fix: squashed (#12)' });
    shop.commit(
      'main',
      { 'src/price.js': 'all new\n' },
      { message: `fix: by hand\n\n(cherry picked from commit ${picked})` },
    );
    for (const branch of ['fix/7', 'fix/8']) {
      const fix = await source.fix(branch);
      expect(fix && (await source.missingOnMain(fix))).toEqual([]);
    }
  });
});

describe('hostile input', () => {
  const names = (canary: string) => [
    `--upload-pack=touch ${canary}`,
    `--upload-p=touch ${canary}`,
    `--exec=touch ${canary}`,
    '-x',
    '-h',
    '..',
    'a..b',
    'a//b',
    'a.lock',
    'a/.b',
    '.a',
    'a/',
    '/a',
    '@{-1}',
    'main~1',
    'main^',
    'main:package.json',
    ':/fix',
    `feat/$(touch ${canary})`,
    `feat/;touch ${canary}`,
    `feat/\`touch ${canary}\``,
    'feat/$(id)',
    `ext::sh -c touch% ${canary}`,
    'a b',
    'a\nb',
    'a\0b',
    'a\tb',
    'ü',
    '\u202emain',
    'a'.repeat(101),
    '',
    'refs/notes/x',
    'refs/heads/-x',
    'refs/heads/../x',
    'refs/heads/',
    'HEAD^{/x}',
  ];

  it('no name runs a command or means anything but a ref (abuse 17, 18)', async () => {
    const canary = join(shop.folder, 'canary');
    shop.git('update-ref', 'refs/heads/-x', base);
    shop.push('refs/heads/-x');
    shop.git('branch', 'feat/$(id)', base);
    shop.push('feat/$(id)');
    await source.fetch();
    for (const name of names(canary)) {
      const acts = [
        source.resolve(name),
        source.fix(name),
        source.move([{ ref: name, from: null, to: base }]),
        source.move([{ ref: `refs/tidegate/${name}`, from: null, to: base }]),
        source.move([{ ref: UAT, from: null, to: name }]),
        source.tag(name, base, 'x', AT),
        source.versionAt(name),
        source.compare(base, name),
        source.checkout(name, join(shop.folder, 'out')),
      ];
      const refused = await Promise.allSettled(acts);
      expect(refused.map((result) => result.status === 'rejected' && result.reason.kind)).toEqual(
        acts.map(() => 'BadRef'),
      );
    }
    expect(existsSync(canary)).toBe(false);
    expect(existsSync(join(shop.folder, 'out'))).toBe(false);
    expect(shop.remote(UAT)).toBeNull();
  });

  it('a file name from a stack trace is a file name, never a pattern or an option', async () => {
    for (const file of ['--all', ':(glob)**', '-L1', '*', '/etc/passwd', '../../etc/passwd']) {
      expect(await source.history([file], base, 5)).toEqual([]);
      expect(await source.blame(base, file, 1)).toBeNull();
    }
    expect(await source.differs(base, base, '../../etc/passwd')).toBe(false);
  });

  it('no remote URL can name a program or an unsafe transport', () => {
    const bad = [
      'ext::sh -c x',
      '-u',
      '--upload-pack=x',
      'git://host/x',
      'ftp://host/x',
      'http://host/x',
      'ssh://-oProxyCommand=x/y',
      'fd::3',
      '',
    ];
    for (const url of bad) expect(() => protocolOf(url)).toThrow(/repo\.url/);
    const good = [
      '/srv/shop.git',
      './shop.git',
      'file:///srv/x',
      'https://host/x',
      'ssh://git@host/x',
      'git@host:shop.git',
      'http://127.0.0.1:1/x',
    ];
    expect(good.map(protocolOf)).toEqual(['file', 'file', 'file', 'https', 'ssh', 'ssh', 'http']);
    expect(() => protocolOf('ftp://ann:secret@host/x')).not.toThrow(/secret/);
  });

  it('hooks and settings of the machine do not act on our commands', async () => {
    const canary = join(shop.folder, 'canary');
    await source.fetch();
    const hooks = join(shop.folder, 'mirror', 'hooks');
    mkdirSync(hooks, { recursive: true });
    for (const hook of ['reference-transaction', 'pre-push', 'post-checkout', 'post-index-change']) {
      writeFileSync(join(hooks, hook), `#!/bin/sh\ntouch ${canary}\n`, { mode: 0o755 });
    }
    await source.move([{ ref: UAT, from: null, to: base }]);
    await source.checkout(base, join(shop.folder, 'out'));
    expect(existsSync(canary)).toBe(false);
  });

  it('a link that leaves the tree is refused at checkout, one inside it is kept (abuse 19)', async () => {
    const clone = join(shop.folder, 'clone');
    const link = (target: string, path: string) => {
      const object = shop.git('hash-object', '-w', writeAside(clone, target));
      shop.git('read-tree', base);
      shop.git('update-index', '--add', '--cacheinfo', `120000,${object},${path}`);
      const commit = shop.git('commit-tree', '-p', base, '-m', 'link', shop.git('write-tree'));
      shop.push('--force', `${commit}:refs/heads/link`);
      return commit;
    };
    const out = (i: number) => join(shop.folder, `out${i}`);
    const bad = ['/etc/passwd', '../../x', '../src/../../x', 'src/../../..'];
    for (const [i, target] of bad.entries()) {
      await expect(source.checkout(link(target, 'src/link'), out(i))).rejects.toMatchObject({ kind: 'BadPlan' });
      expect(existsSync(out(i))).toBe(false);
    }
    await source.checkout(link('../scripts/deploy.sh', 'src/link'), out(9));
    expect(readFileSync(join(out(9), 'src/link'), 'utf8')).toContain('exit 0');
    expect(readdirSync(out(9)).sort()).toEqual(['CHANGELOG.md', 'package.json', 'scripts', 'src']);
    await expect(source.checkout(base, out(9))).rejects.toMatchObject({ kind: 'BadPlan' });
  });
});

describe('the mirror', () => {
  it('follows the remote: new, moved and deleted branches', async () => {
    expect(await source.resolve('main')).toBe(base);
    shop.commit('fix/7', { 'a.txt': 'a' });
    const next = shop.commit('main', { 'b.txt': 'b' });
    expect(await source.resolve('fix/7')).toBeNull();
    await source.fetch();
    expect(await source.resolve('main')).toBe(next);
    expect(await source.resolve(next.slice(0, 10))).toBe(next);
    shop.push('--delete', 'fix/7');
    shop.push('--force', `${base}:refs/heads/main`);
    await source.fetch();
    expect([await source.resolve('fix/7'), await source.resolve('main')]).toEqual([null, base]);
    shop.git('tag', 'main', next);
    shop.push('refs/tags/main');
    await source.fetch();
    await expect(source.resolve('main')).rejects.toMatchObject({ kind: 'BadRef' });
    expect(await source.resolve('refs/heads/main')).toBe(base);
  });

  it('lives with what a killed process left in it', async () => {
    await source.fetch();
    const mirror = join(shop.folder, 'mirror');
    const long = new Date(Date.now() - 86_400_000);
    const garbage = [
      'refs/heads/main.lock',
      'packed-refs.lock',
      'config.lock',
      'tidegate-index-dead',
      'tidegate-index-dead.lock',
    ];
    for (const name of garbage) {
      mkdirSync(join(mirror, 'refs/heads'), { recursive: true });
      writeFileSync(join(mirror, name), '');
      utimesSync(join(mirror, name), long, long);
    }
    const next = shop.commit('main', { 'b.txt': 'b' });
    await source.fetch();
    expect(await source.resolve('main')).toBe(next);
    expect(garbage.filter((name) => existsSync(join(mirror, name)))).toEqual([]);
  });

  it('two worker processes share it without a failure', async () => {
    const program = `
      const swc = require('@swc/core');
      const options = { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'commonjs', ignoreDynamic: true } };
      require.extensions['.ts'] = (module, file) => module._compile(swc.transformFileSync(file, options).code, file);
      const [dir, url, who] = process.argv.slice(1);
      const { createGitSource } = require('./src/drivers/git/source');
      const source = createGitSource({ url, main: 'main', versionFile: 'package.json', changelog: 'CHANGELOG.md', mirrorDir: dir });
      (async () => {
        for (let i = 0; i < 4; i += 1) {
          await source.fetch();
          const to = await source.resolve('main');
          await source.move([{ ref: 'refs/tidegate/env/' + who + i, from: null, to }]);
        }
      })().catch((error) => { console.error(error); process.exit(1); });`;
    const worker = (who: string) =>
      new Promise<string>((resolve) => {
        const args = ['-e', program, join(shop.folder, 'mirror'), shop.url, who];
        const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
        let said = '';
        child.stderr.on('data', (chunk) => (said += String(chunk)));
        child.on('close', (code) => resolve(code === 0 ? 'done' : said));
      });
    expect(await Promise.all([worker('a'), worker('b')])).toEqual(['done', 'done']);
    const refs = ['a', 'b'].flatMap((who) => [0, 1, 2, 3].map((i) => shop.remote(`refs/tidegate/env/${who}${i}`)));
    expect(refs).toEqual(refs.map(() => base));
  });
});

function writeAside(folder: string, content: string): string {
  const file = join(folder, '.git', 'aside');
  writeFileSync(file, content);
  return file;
}

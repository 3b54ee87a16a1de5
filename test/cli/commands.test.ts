import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bugSchema } from '../../src/api/schemas/bug';
import {
  askedEvents,
  AT,
  deploymentEvents,
  environmentEvents,
  HEAD,
  OTHER_HEAD,
  shippedBug,
  validatedBug,
} from '../api/sample';
import { SMALL } from '../config/support';
import { useCli } from './support';

const cli = useCli();

interface ExportedLine {
  readonly seq: number;
  readonly hash: string;
  readonly previousHash: string;
}

beforeAll(() =>
  cli().ledger.append([
    ...['101', '102', '103', '104'].flatMap((id) => validatedBug(id)),
    ...validatedBug('105', 'bo'),
    ...shippedBug('106'),
    ...deploymentEvents('shop-prod-1'),
    ...environmentEvents('uat'),
    ...environmentEvents('prod'),
  ]),
);

const REPORT = ['bug', 'report', 'Wrong total', '--service', 'shop', '--severity', 'low', '--found-in', 'prod'];

test('a person reports a bug, finds it, and sees why it is not in production', async () => {
  const reported = await cli().run('dev', ...REPORT, '--json');
  expect([reported.code, reported.err]).toEqual([0, '']);
  const bug = bugSchema.parse(JSON.parse(reported.out));
  const shown = await cli().run('dev', 'bug', 'show', bug.id);
  expect(shown.out).toContain('#1 [low] Wrong total');
  expect(shown.out).toContain('admin or manager: confirm or reject the report');
  const why = await cli().run('dev', 'why', bug.id);
  expect(why.out).toContain('Bug 1 is submitted: it waits for confirm or reject the report.');
  const events = await cli().ledger.timeline('shop', 'bug/1', 10);
  expect(events[0]?.event.surface).toBe('cli');
});

test('approve says what it saw and approves exactly that', async () => {
  const done = await cli().run('bo', 'bug', 'approve', '101', '--json');
  expect(done.code).toBe(0);
  expect(done.err).toContain(`Approving #101 "Checkout shows the wrong total (101)": ${HEAD}`);
  expect(bugSchema.parse(JSON.parse(done.out))).toMatchObject({ status: 'pending_prod', approvals: [{ sha: HEAD }] });
});

test('several bugs are approved together, and each other one says why not', async () => {
  const done = await cli().run('bo', 'bug', 'approve', '102', '105');
  expect(done.code).toBe(5);
  expect(done.out).toMatch(/#102 pending_prod\n#105 .*four eyes/);
});

/** Exit codes that scripts rely on, each by a real command. */
const ENDINGS: readonly (readonly [why: string, code: number, person: string | null, args: readonly string[]])[] = [
  ['all is well', 0, 'dev', ['bug', 'list']],
  ['a command that does not exist', 2, 'dev', ['bug', 'explode']],
  ['a reason that is missing', 2, 'bo', ['bug', 'reject', '103']],
  ['a close without a reason', 2, 'bo', ['bug', 'close', '103']],
  ['an argument too few', 2, 'dev', ['bug', 'show']],
  ['a value that the API refuses', 2, 'dev', [...REPORT.slice(0, -1), 'mars']],
  ['no token', 4, null, ['inbox']],
  ['four eyes', 5, 'bo', ['bug', 'approve', '105']],
  ['a role', 5, 'dev', ['bug', 'approve', '103']],
  ['a stale SHA', 5, 'bo', ['bug', 'approve', '103', '--sha', OTHER_HEAD]],
  ['the wrong state', 5, 'bo', ['bug', 'confirm', '103']],
  ['a bug that is not there', 6, 'dev', ['bug', 'show', '999']],
  ['a report that is not there', 6, 'dev', ['report', 'show', 'release_9.9.9_prod_2026-11-20-2200']],
  ['waiting for too long', 8, 'dev', ['watch', '103', '--timeout', '200ms', '--every', '100ms']],
];

test.each(ENDINGS)(
  '%s ends with exit code %i, and under --json with one document',
  async (_why, code, person, args) => {
    const done = await cli().run(person, ...args, '--json');
    expect([done.code, done.err === '' && code !== 0]).toEqual([code, false]);
    const document = JSON.parse(done.out) as { exitCode?: number };
    if (code !== 0 && code !== 8) expect(document.exitCode).toBe(code);
  },
);

test('an API that is not there is said in one sentence with what to do', async () => {
  const done = await cli().run('dev', 'inbox', '--url', 'http://127.0.0.1:9');
  expect([done.code, done.out]).toEqual([1, '']);
  expect(done.err).toContain('does not answer at http://127.0.0.1:9: start it (tidegate up)');
});

/** Every command that reads: the table for people, one strict document for programs. */
const READERS: readonly (readonly string[])[] = [
  ['bug', 'list'],
  ['bug', 'show', '103'],
  ['env', 'list'],
  ['env', 'show', 'shop/prod'],
  ['deployment', 'show', 'shop-prod-1'],
  ['deployment', 'log', 'shop-prod-1'],
  ['deployment', 'log', 'shop-prod-1', '--follow'],
  ['deployment', 'samples', 'shop-prod-1'],
  ['inbox'],
  ['report', 'list'],
  ['report', 'show', 'release_1.4.3_prod_2026-11-20-2200'],
  ['why', '103'],
  ['watch', '106'],
  ['config', 'schema'],
  ['auth', 'token'],
  ['completion', 'bash'],
];

test.each(READERS.map((args) => [args.join(' '), args] as const))(
  'tidegate %s prints one document under --json and words without, never colours in a pipe',
  async (_name, args) => {
    const [json, words] = await Promise.all([cli().run('ann', ...args, '--json'), cli().run('ann', ...args)]);
    expect([json.code, words.code]).toEqual([0, 0]);
    expect(JSON.parse(json.out)).toEqual(expect.any(Object));
    expect(json.out.endsWith('}\n')).toBe(true);
    expect(words.out.includes('\u001b')).toBe(false);
  },
);

test('an environment is held and resumed by its short name where there is only one', async () => {
  const held = await cli().run('ann', 'env', 'hold', 'shop/prod', '--reason', 'audit');
  expect(held.out).toMatch(/held by +ann since/);
  const ambiguous = await cli().run('bo', 'env', 'show', 'prod');
  expect([ambiguous.code, ambiguous.err]).toEqual([2, expect.stringContaining('shop/prod, depot/prod')]);
  const resumed = await cli().run('ann', 'env', 'resume', 'prod');
  expect([resumed.code, resumed.out.includes('held by')]).toEqual([0, false]);
});

test('a question of a watch stands in the inbox, is answered from the shell, and a rollback without a reason is refused', async () => {
  const current = { deployment: 'shop-prod-2', requests: [], startedAt: AT, fence: 2, slotKey: null, leaveUntil: null };
  await cli().ledger.append([
    ...environmentEvents('prod', [{ kind: 'environment.departed', data: { current } }]),
    ...askedEvents('shop-prod-2'),
  ]);
  expect((await cli().run('ann', 'inbox')).out).toMatch(/shop-prod-2 .*continue, rollback, extend, take/);
  expect((await cli().run('ann', 'deployment', 'rollback', 'shop-prod-2')).code).toBe(2);
  expect((await cli().run('ann', 'deployment', 'extend', 'shop-prod-2', '--minutes', 'ten')).code).toBe(2);
  const extended = await cli().run('ann', 'deployment', 'extend', 'shop-prod-2', '--minutes', '10');
  expect([extended.code, extended.out]).toEqual([0, expect.stringMatching(/answered +extend 10 min by ann/)]);
  expect((await cli().run('bo', 'deployment', 'continue', 'shop-prod-2')).code).toBe(5);
  expect((await cli().run('sen', 'deployment', 'abort', 'shop-prod-2')).out).toMatch(/aborted +by sen/);
});

test('a title that would drive the terminal arrives as plain words', async () => {
  const title = 'Total \u001b]0;owned\u0007\u001b[31mwrong\u001b[0m \u202eeslaf';
  const { out } = await cli().run('dev', 'bug', 'report', title, ...REPORT.slice(3), '--json');
  const shown = await cli().run('dev', 'bug', 'show', bugSchema.parse(JSON.parse(out)).id);
  expect(shown.out).toContain('Total wrong eslaf');
});

test('a token is shown with the hash that the configuration wants', async () => {
  const { out } = await cli().run(null, 'auth', 'token', '--json');
  const { token, sha256 } = JSON.parse(out) as { token: string; sha256: string };
  expect(token).toMatch(/^tg_[A-Za-z0-9_-]{43}$/);
  expect(createHash('sha256').update(token).digest('hex')).toBe(sha256);
});

test('an audit of a broken or missing ledger is no success', async () => {
  const missing = await cli().run(null, 'audit', 'verify', '--ledger', 'nowhere.db');
  expect([missing.code, missing.err]).toEqual([1, expect.stringContaining('There is no ledger at nowhere.db')]);
  const whole = await cli().run(null, 'audit', 'verify', '--ledger', 'ledger.db', '--json');
  expect([whole.code, JSON.parse(whole.out)]).toEqual([0, { ok: true, events: expect.any(Number), checkpoints: 0 }]);
});

test('the record is exported in parts that fit together, and what is derived from it comes back', async () => {
  const lines = async (...args: string[]) => {
    const { code, out } = await cli().run(null, 'audit', 'export', '--ledger', 'ledger.db', ...args);
    expect(code).toBe(0);
    return out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as ExportedLine);
  };
  const whole = await lines();
  expect(whole.map(({ seq }) => seq)).toEqual(whole.map((_, index) => index + 1));
  expect(whole.slice(1).map(({ previousHash }) => previousHash)).toEqual(whole.slice(0, -1).map(({ hash }) => hash));
  expect(await lines('--after', '3', '--json')).toEqual(whole.slice(3));

  const rebuilt = await cli().run(null, 'ledger', 'rebuild', '--ledger', 'ledger.db', '--json');
  expect([rebuilt.code, JSON.parse(rebuilt.out)]).toEqual([0, { events: whole.length }]);
  expect((await cli().run('dev', 'bug', 'show', '106')).code).toBe(0);
});

test('reports that were lost are written anew from the ledger', async () => {
  const folder = join(cli().folder, 'configured');
  await mkdir(folder);
  await writeFile(join(folder, 'tidegate.yaml'), SMALL);
  const args = ['report', 'rebuild', '--ledger', 'ledger.db', '--config', folder, '--json'];
  const done = await cli().run(null, ...args);
  const { reports } = JSON.parse(done.out) as { reports: readonly string[] };
  expect(done.code).toBe(0);
  const texts = await Promise.all(reports.map((name) => readFile(join(folder, 'releases', `${name}.md`), 'utf8')));
  expect(texts.filter((text) => text.includes('deployment shop-prod-1'))).toHaveLength(1);
  expect(JSON.parse((await cli().run(null, ...args)).out)).toEqual({ reports });
});

test('a config with a mistake ends with 2 and names it', async () => {
  const done = await cli().run(null, 'config', 'check', '--json');
  expect([done.code, (JSON.parse(done.out) as { code: string }).code]).toEqual([2, 'config']);
});

test('the doctor names what is missing with a mend for each, and ends with 1', async () => {
  const done = await cli().run('dev', 'doctor', '--json');
  expect(done.code).toBe(1);
  const { findings } = JSON.parse(done.out) as { findings: { name: string; state: string; mend: string | null }[] };
  const state = Object.fromEntries(findings.map((each) => [each.name, each.state]));
  expect(state).toMatchObject({ Node: 'ok', git: 'ok', configuration: 'bad', API: 'ok', token: 'ok' });
  expect(findings.filter((each) => each.state === 'bad' && each.mend === null)).toEqual([]);
});

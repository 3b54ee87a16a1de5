import { createHash } from 'node:crypto';
import type { Token } from '../../src/api/schemas/token';
import { useCli } from './support';

const cli = useCli();
const FOR_DEV = ['auth', 'token', '--person', 'dev', '--service', 'shop'];

test('an admin lets a token in, its person uses it, and once it is taken back it opens nothing', async () => {
  const made = await cli().run('ann', ...FOR_DEV, '--for', '12h', '--json');
  const { token, id, state } = JSON.parse(made.out) as Token & { token: string };
  expect([made.code, made.err, state]).toEqual([0, '', 'valid']);
  expect((await cli().run(null, 'inbox', '--token', token)).code).toBe(0);

  const listed = await cli().run('dev', 'auth', 'list');
  expect(listed.out).toMatch(new RegExp(`${id}\\s+valid\\s+dev\\s+shop\\s+read`));
  expect(listed.out).not.toContain(token);

  const revoked = await cli().run('dev', 'auth', 'revoke', id, '--reason', 'lost it');
  expect([revoked.code, revoked.out]).toEqual([0, `${id} of dev is revoked: it opens nothing any more.\n`]);
  const refused = await cli().run(null, 'inbox', '--token', token);
  expect([refused.code, refused.err]).toEqual([4, expect.stringContaining('was revoked by dev')]);
});

test('a person makes the token, and the admin who lets it in never sees it', async () => {
  const own = JSON.parse((await cli().run(null, 'auth', 'token', '--json')).out) as { token: string; sha256: string };
  const made = await cli().run('ann', ...FOR_DEV, '--scope', 'decide', '--sha256', own.sha256);
  expect([made.code, made.out]).toEqual([0, expect.stringContaining('may decide shop until')]);
  expect(made.out).not.toContain('tg_');
  expect((await cli().run(null, 'inbox', '--token', own.token)).code).toBe(0);
  expect(createHash('sha256').update(own.token).digest('hex')).toBe(own.sha256);
});

test.each([
  ['somebody who is no admin', 'bo', FOR_DEV, 5, 'made by its admins'],
  ['more than 90 days', 'ann', [...FOR_DEV, '--for', '91d'], 2, 'at most 90 days'],
  ['no service', 'ann', FOR_DEV.slice(0, 4), 2, '--person needs --service'],
])('%s: the command says what is allowed', async (_name, person, args, code, words) => {
  const done = await cli().run(person, ...args);
  expect([done.code, done.err]).toEqual([code, expect.stringContaining(words)]);
});

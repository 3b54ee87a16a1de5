/** `tidegate auth`: tokens of people and the key that decisions are signed with, each shown once and kept nowhere. */
import { createHash, randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { doing, type Io } from './context';

export function addAuthCommands(program: Command, io: Io): void {
  const auth = program.command('auth').description('who may do what');
  auth
    .command('token')
    .description('make a bearer token: shown once, never kept')
    .action(
      doing(io, () => {
        const { token, sha256 } = makeToken();
        const words = [
          `token   ${token}`,
          `sha256  ${sha256}`,
          '',
          'Give the token to its person: it is not shown again and kept nowhere.',
          'Put the sha256 where the configuration refers to, such as token: "${env:ANN_TOKEN_SHA256}".',
        ];
        return Promise.resolve({ json: { token, sha256 }, text: words.join('\n') });
      }),
    );
  auth
    .command('signing-key')
    .description('make the key that the API signs decisions with: shown once, never kept')
    .action(
      doing(io, async () => {
        const { signingKey, verifyKey } = (await import('../admin.js')).makeKeyPair();
        const words = [
          `TIDEGATE_SIGNING_KEY  ${signingKey}`,
          `TIDEGATE_VERIFY_KEYS  ${verifyKey}`,
          '',
          'The first is for the API alone: put it into a file that only the API can read, and say file:<path>.',
          'The second is public: give it to every worker. In a rotation workers know the old and the new one, by comma.',
        ];
        return { json: { signingKey, verifyKey }, text: words.join('\n') };
      }),
    );
}

/** 256 random bits; the hash is over the whole token, `tg_` included. */
export function makeToken(): { readonly token: string; readonly sha256: string } {
  const token = `tg_${randomBytes(32).toString('base64url')}`;
  return { token, sha256: createHash('sha256').update(token).digest('hex') };
}

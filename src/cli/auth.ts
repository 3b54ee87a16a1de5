/** `tidegate auth token`: makes a token and shows it once; only its hash goes into the configuration. */
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
}

/** 256 random bits; the hash is over the whole token, `tg_` included. */
export function makeToken(): { readonly token: string; readonly sha256: string } {
  const token = `tg_${randomBytes(32).toString('base64url')}`;
  return { token, sha256: createHash('sha256').update(token).digest('hex') };
}

/** `tidegate auth`: tokens of people and the key that decisions are signed with, each shown once and kept nowhere. */
import { createHash, randomBytes } from 'node:crypto';
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { Token } from '../api/schemas/token';
import { doing, durationOption, number, text, type Context, type Io, type Outcome } from './context';
import { CliFailure, EXIT } from './exit';
import { table } from './terminal';
import { time } from './words';

type Options = Readonly<Record<string, unknown>>;

const SCOPES: readonly Token['scope'][] = ['read', 'decide'];
const MINUTE = 60_000;
const THIRTY_DAYS = 30 * 24 * 60 * MINUTE;

export function addAuthCommands(program: Command, io: Io): void {
  const auth = program.command('auth').description('who may do what');
  auth
    .command('token')
    .description('make a bearer token, shown once: for the configuration, or with --person for the ledger')
    .option('--person <id>', 'let it in for this person of the configuration; you are an admin')
    .option('--service <name>', 'with --person: the one service it opens')
    .option('--for <duration>', 'with --person: how long, at most 90d', durationOption, THIRTY_DAYS)
    .addOption(new Option('--scope <scope>', 'with --person').choices(SCOPES).default('read'))
    .option('--sha256 <hex>', 'with --person: of a token that they made themselves, so that you never see it', sha256Of)
    .action(doing(io, makeOne));
  auth
    .command('list')
    .description('tokens of the ledger: yours, or all of a service for its admins')
    .option('--service <name>')
    .action(doing(io, list));
  auth
    .command('revoke <id>')
    .description('take a token back: it opens nothing any more, and what it has open ends')
    .option('--reason <text>')
    .action(doing(io, revoke));
  auth
    .command('signing-key')
    .description('make the key that the API signs decisions with: shown once, never kept')
    .action(doing(io, makeSigningKey));
}

function sha256Of(value: string): string {
  if (/^[0-9a-f]{64}$/.test(value)) return value;
  throw new InvalidArgumentError('Allowed: 64 small hex digits, as tidegate auth token shows them.');
}

function makeOne(context: Context, _args: readonly string[], options: Options): Promise<Outcome> {
  const person = text(options, 'person');
  if (person !== undefined) return letIn(context, person, options);
  const { token, sha256 } = makeToken();
  const words = [
    `token   ${token}`,
    `sha256  ${sha256}`,
    '',
    'Give the token to its person: it is not shown again and kept nowhere.',
    'Put the sha256 where the configuration refers to, such as token: "${env:ANN_TOKEN_SHA256}",',
    'or give it to an admin: tidegate auth token --person ann --service shop --sha256 …',
  ];
  return Promise.resolve({ json: { token, sha256 }, text: words.join('\n') });
}

/** Only the hash leaves this process. */
async function letIn({ api }: Context, person: string, options: Options): Promise<Outcome> {
  const service = text(options, 'service');
  if (service === undefined) {
    throw new CliFailure(EXIT.usage, '--person needs --service: a token opens one service.');
  }
  const given = text(options, 'sha256');
  const { token, sha256 } = given === undefined ? makeToken() : { token: null, sha256: given };
  const minutes = Math.floor((number(options, 'for') ?? THIRTY_DAYS) / MINUTE);
  const made = await api.post<Token>('/v1/tokens', { service, person, scope: text(options, 'scope'), sha256, minutes });
  const about = `${made.id} is let in for ${made.person}: may ${made.scope} ${made.service} until ${time(made.expiresAt)}.`;
  const words = token === null ? [about] : [`token  ${token}`, '', about, 'It is not shown again and kept nowhere.'];
  return { json: { ...made, token }, text: words.join('\n') };
}

async function list({ api }: Context, _args: readonly string[], options: Options): Promise<Outcome> {
  const query = { service: text(options, 'service'), limit: 100 };
  const page = await api.get<{ readonly items: readonly Token[]; readonly next: string | null }>('/v1/tokens', query);
  if (page.items.length === 0) return { json: page, text: 'No tokens in the ledger.' };
  const rows = page.items.map(({ id, state, person, service, scope, expiresAt, madeBy }) =>
    [id, state, person, service, scope, time(expiresAt), madeBy].map(String),
  );
  return { json: page, text: table(['ID', 'STATE', 'PERSON', 'SERVICE', 'SCOPE', 'UNTIL', 'MADE BY'], rows) };
}

async function revoke({ api }: Context, [id = '']: readonly string[], options: Options): Promise<Outcome> {
  const reason = text(options, 'reason');
  const token = await api.post<Token>(`/v1/tokens/${encodeURIComponent(id)}/decisions`, { verb: 'revoke', reason });
  return { json: token, text: `${token.id} of ${token.person} is revoked: it opens nothing any more.` };
}

async function makeSigningKey(): Promise<Outcome> {
  const { signingKey, verifyKey } = (await import('../admin.js')).makeKeyPair();
  const words = [
    `TIDEGATE_SIGNING_KEY  ${signingKey}`,
    `TIDEGATE_VERIFY_KEYS  ${verifyKey}`,
    '',
    'The first is for the API alone: put it into a file that only the API can read, and say file:<path>.',
    'The second is public: give it to every worker. In a rotation workers know the old and the new one, by comma.',
  ];
  return { json: { signingKey, verifyKey }, text: words.join('\n') };
}

/** 256 random bits; the hash is over the whole token, `tg_` included. */
export function makeToken(): { readonly token: string; readonly sha256: string } {
  const token = `tg_${randomBytes(32).toString('base64url')}`;
  return { token, sha256: createHash('sha256').update(token).digest('hex') };
}

/** What PostgreSQL and its client throw, as sentences that say what to do. */
import { TidegateFailure } from '../domain/failures';

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : '';

/** Deadlock found, serialization failure: nothing was kept, and the same work may well succeed now. */
export const isLostRace = (error: unknown): boolean => ['40P01', '40001'].includes(codeOf(error));

/** `Unavailable` for what may pass; `Rejected` when the server refuses what was written for what it is. */
export function failureOf(place: string, error: unknown): TidegateFailure {
  const code = codeOf(error);
  const message = messageOf(error);
  const kind = /^2[23]/.test(code) ? 'Rejected' : 'Unavailable';
  const sentence = `The ledger on PostgreSQL at ${place} cannot be used (${message}). ${adviceFor(code, message)}`;
  const failure = new TidegateFailure(kind, sentence, { place, code });
  failure.cause = error;
  return failure;
}

/** A refused connection to a name with several addresses comes as an AggregateError without a message. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message.trim() : String(error);
}

const ADVICE: readonly (readonly [code: RegExp, advice: string])[] = [
  [
    /^25006$/,
    'The server only reads (a standby, or default_transaction_read_only): name the primary, or let it write again.',
  ],
  [/^28/, 'Look at the user and the password in TIDEGATE_LEDGER, and at pg_hba.conf.'],
  [/^3D000$/, 'Make the database with createdb, or name another in TIDEGATE_LEDGER.'],
  [/^42501$/, 'This user lacks the right: it must own the tables of the ledger, or the schema to make them in.'],
  [/^42P01$/, 'Its tables are not there: was another database meant?'],
  [/^53100$/, "The server's disk is full: free some space."],
  [/^53300$/, 'The server has no connection left: lower ?max= in TIDEGATE_LEDGER, or raise its max_connections.'],
  [
    /^(57014|55P03)$/,
    'A statement took too long or waited too long for another: look at pg_stat_activity for who blocks.',
  ],
  [/^57P0/, 'The server is starting or stopping: try again when it is up.'],
  [/^2[23]/, 'It refuses this content for what it is; the rest is not concerned.'],
];

function adviceFor(code: string, message: string): string {
  const known = ADVICE.find(([pattern]) => pattern.test(code));
  if (known) return known[1];
  if (message.includes('timeout exceeded when trying to connect'))
    return 'No connection became free or was answered in time: look whether the server answers, or raise ?max= in TIDEGATE_LEDGER.';
  return 'Look whether the server runs and can be reached from here.';
}

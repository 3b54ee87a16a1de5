/** The small values of the file: what each looks like, and what it means once read. */
import { isAbsolute } from 'node:path';
import { z } from 'zod';

const text = (pattern: RegExp, allowed: string): z.ZodString =>
  z.string({ error: allowed }).regex(pattern, { error: allowed });

/** Any text that says something. */
export const words = z.string().min(1, { error: 'a text that is not empty' });

export const duration = text(/^(0|[0-9]{1,6}(\.[0-9]{1,3})?(ms|s|m|h|d))$/, 'a duration such as 90s, 15m, 1h').describe(
  'A duration: 500ms, 90s, 15m, 1h, 30d',
);

const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds of a duration that the schema let through. */
export function durationMs(value: string): number {
  const [, amount = '0', unit = 'ms'] = /^([0-9.]+)(ms|s|m|h|d)?$/.exec(value) ?? [];
  return Math.round(Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS]);
}

/** A duration in the shortest form that says it exactly. */
export function durationText(ms: number): string {
  if (ms === 0) return '0s';
  const unit = (['d', 'h', 'm', 's'] as const).find((each) => ms % UNIT_MS[each] === 0 && ms >= UNIT_MS[each]) ?? 'ms';
  return `${ms / UNIT_MS[unit]}${unit}`;
}

export const timeOfDay = text(
  /^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$/,
  'a time of day, HH:mm or HH:mm:ss, such as "20:00"',
).describe('A time of day in the service’s time zone: HH:mm or HH:mm:ss');

/** `HH:mm:ss` of a time that the schema let through. */
export const fullTime = (value: string): string => (value.length === 5 ? `${value}:00` : value);

const NAME = /^[a-z][a-z0-9-]{0,30}$/;
const NAME_ALLOWED = 'a name of small letters, digits and dashes that begins with a letter, at most 31 long';
/** Names become parts of workflow ids, refs and file names, so they are few letters and nothing else. */
export const name = text(NAME, NAME_ALLOWED);

/** A person's id may look like an account name. */
export const email = text(/^[^@\s]{1,64}@[^@\s]{1,190}$/, 'an e-mail address such as ann@example.org');
export const personId = text(
  /^(?!tidegate$)[a-zA-Z][a-zA-Z0-9._-]{0,62}$/,
  'a name of letters, digits, dots and dashes, other than "tidegate", which is the product itself',
);

const DATE = /^(\d{4}-\d{2}-\d{2})(?:T([01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?)?$/;
const DATE_ALLOWED = 'a date that exists, such as "2026-11-30" or "2026-11-30T18:00"';
export const localDate = text(DATE, DATE_ALLOWED).refine(dateExists, { error: DATE_ALLOWED });

function dateExists(value: string): boolean {
  const day = DATE.exec(value)?.[1];
  if (day === undefined) return true; // the pattern has said so already
  const parsed = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(day);
}

export const CRON_ALLOWED = 'a cron pattern of five or six fields, such as "0 0 20 12 *"';
export const cron = text(/^[0-9A-Za-z*?/,#-]+( +[0-9A-Za-z*?/,#-]+){4,5}$/, CRON_ALLOWED);

export const zone = z
  .string({ error: 'an IANA time zone such as Asia/Bangkok' })
  .refine(isZone, { error: 'an IANA time zone such as Asia/Bangkok' })
  .describe('IANA time zone of the slots and freezes');

function isZone(value: string): boolean {
  // Offsets such as +07:00 pass in Intl, yet they know no summer time and no history.
  if (!/^[A-Za-z]/.test(value)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: value });
    return true;
  } catch {
    return false;
  }
}

export const URL_WITHOUT_USER = 'an address without user or password in it (secrets only as ${env:NAME} or file:path)';
const URL_ALLOWED = 'an http or https address such as http://127.0.0.1:4101';
export const httpUrl = z
  .string({ error: URL_ALLOWED })
  .refine((value) => !hasUser(value), { error: URL_WITHOUT_USER, abort: true })
  .refine(isHttpUrl, { error: URL_ALLOWED });

/** `ssh://git@host` names an account, not a secret. */
function hasUser(value: string): boolean {
  return /^[a-z+]+:\/\/[^/]*@/i.test(value) && !/^ssh:\/\/[^/:]*@/i.test(value);
}

function isHttpUrl(value: string): boolean {
  return /^https?:\/\//.test(value) && URL.canParse(value);
}

const REPO_ALLOWED = 'an https, ssh or file address of a git repository, user@host:path, or a path such as ./shop.git';
export const repoUrl = z
  .string({ error: REPO_ALLOWED })
  .refine((value) => !hasUser(value), { error: URL_WITHOUT_USER, abort: true })
  .refine(isRepository, { error: REPO_ALLOWED });

/** Transports that run programs (`ext::`) never get through, and neither does what git would read as an option. */
function isRepository(value: string): boolean {
  return isRemoteRepository(value) || /^[^-:\s][^:\0\n]*$/.test(value);
}

/** Whether an address names another host (or a file URL) and not a path on this machine. */
export function isRemoteRepository(value: string): boolean {
  return /^(https|ssh|file):\/\/[^\s]+$/.test(value) || /^[A-Za-z0-9._-]+@[A-Za-z0-9.-]+:(?!\/\/)[^\s:]+$/.test(value);
}

/** A path of the machine, relative to the folder of the config file. */
export const filePath = text(/^[^-\0\n][^\0\n]*$/, 'a path, relative to the folder of this file');

const INSIDE_ALLOWED = 'a path inside the repository, without ".." and not from the root';
/** A path inside the candidate's checkout: it may not leave it. */
export const insidePath = text(/^[^-/\0\n][^\0\n]*$/, INSIDE_ALLOWED).refine(
  (value) => !isAbsolute(value) && !value.split(/[\\/]/).includes('..'),
  { error: INSIDE_ALLOWED },
);

const URL_PATH_ALLOWED = 'a path that begins with "/", such as /health';
export const urlPath = text(/^\/[^\s]*$/, URL_PATH_ALLOWED);

const REF_ALLOWED = 'the name of a branch or tag';
const REF = /^(?![-/.])(?!.*(\.\.|\/\/|@\{|\.lock$|[/.]$))[A-Za-z0-9._/+@-]{1,200}$/;
export const ref = text(REF, REF_ALLOWED);

const PATTERN_ALLOWED = 'a branch name with {{bug}} in it, such as fix/{{bug}}';
export const branchPattern = z
  .string({ error: PATTERN_ALLOWED })
  .refine((value) => value.includes('{{bug}}') && REF.test(value.replaceAll('{{bug}}', '1')), {
    error: PATTERN_ALLOWED,
  });

const REGEX_ALLOWED = 'a regular expression with one group, such as "id: (\\\\S+)"';
export const capture = z.string({ error: REGEX_ALLOWED }).refine(isCapture, { error: REGEX_ALLOWED });

function isCapture(value: string): boolean {
  try {
    return new RegExp(`${value}|`).exec('')?.length === 2;
  } catch {
    return false;
  }
}

const ARGV_ALLOWED = 'a command as plain words (npm run migrate) or as a list of arguments; no shell signs';
/** A command line without a shell: plain words, or a list where words would need quoting. */
export const command = z.union(
  [
    text(/^[^-\s|&;<>()$`\\"'*?[\]#~=%{}!\n][^|&;<>()$`\\"'*?[\]#~{}!\n]*$/, ARGV_ALLOWED),
    z.array(z.string().min(1, { error: ARGV_ALLOWED })).min(1, { error: ARGV_ALLOWED }),
  ],
  { error: ARGV_ALLOWED },
);

/** Program and arguments of a command that the schema let through. */
export const argv = (value: string | readonly string[]): readonly string[] =>
  typeof value === 'string' ? value.trim().split(/\s+/) : value;

export const SECRET_ALLOWED = 'a reference, ${env:NAME} or file:path (secrets never stand in this file)';
/** A reference to a secret; the value itself is refused. */
export const secretReference = text(/^(\$\{env:[A-Za-z_][A-Za-z0-9_]*\}|file:[^\0\n]+)$/, SECRET_ALLOWED);

export const truth = z.boolean({ error: 'true or false' });

/** A whole number within bounds. */
export const whole = (from: number, to: number): z.ZodInt => {
  const error = `a whole number from ${from} to ${to}`;
  return z.int({ error }).min(from, { error }).max(to, { error });
};

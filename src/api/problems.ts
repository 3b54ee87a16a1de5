/** Errors as problem+json: a closed list of codes, and how a domain refusal becomes one (4-interfaces §4). */
import type { z } from 'zod';
import type { Refusal } from '../domain/verbs';
import type { ProblemBody } from './schemas/common';

const CODES = {
  malformed: [400, 'The request cannot be read'],
  unauthorized: [401, 'Who are you?'],
  'not-allowed': [403, 'Not allowed'],
  'no-access': [403, 'Not your service'],
  'not-found': [404, 'Not found'],
  'method-not-allowed': [405, 'Not that way'],
  'wrong-state': [409, 'Not possible in this state'],
  stale: [409, 'The fix has moved on'],
  'too-large': [413, 'Too large'],
  'unsupported-type': [415, 'Not JSON'],
  invalid: [422, 'Invalid'],
  'key-reused': [422, 'Idempotency key used twice'],
  frozen: [423, 'Frozen'],
  'too-many': [429, 'Too many requests'],
  internal: [500, 'Our mistake'],
  unavailable: [503, 'Not reachable'],
} as const satisfies Record<string, readonly [number, string]>;
export type ProblemCode = keyof typeof CODES;

export interface Mistake {
  readonly path: string;
  readonly message: string;
}

interface Extras {
  readonly errors?: readonly Mistake[];
  readonly presentSha?: string | null;
  readonly possible?: readonly string[];
  /** Response headers, such as `Allow`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a handler throws to answer with a problem. The message is the sentence that people read. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  constructor(
    readonly code: ProblemCode,
    sentence: string,
    readonly extras: Extras = {},
  ) {
    super(sentence);
  }

  get status(): number {
    return CODES[this.code][0];
  }
}

/** The body of a problem, without the request id that only the response knows. */
export function problemBody(problem: ApiProblem): Omit<ProblemBody, 'requestId'> {
  const { errors, presentSha, possible } = problem.extras;
  const [status, title] = CODES[problem.code];
  return {
    type: `urn:tidegate:problem:${problem.code}`,
    title,
    status,
    detail: problem.message,
    code: problem.code,
    ...(errors && { errors: [...errors] }),
    ...(presentSha != null && { presentSha }),
    ...(possible && { possible: [...possible] }),
  };
}

/** A refusal of domain/decision.ts with its sentence untouched. */
export function refusedProblem(refusal: Refusal): ApiProblem {
  const { code, sentence, presentSha, possible } = refusal;
  return new ApiProblem(code, sentence, { presentSha, possible });
}

/** Every mistake of the input in one problem; unknown keys name the keys that are allowed. */
export function invalidProblem(what: string, error: z.ZodError, allowed: readonly string[]): ApiProblem {
  const errors = error.issues.map((issue) => mistake(issue, allowed));
  const sentence = errors.map(({ path, message }) => `${path === '' ? what : path}: ${message}`).join('; ');
  return new ApiProblem('invalid', `The ${what} is not valid. ${sentence}.`, { errors });
}

function mistake(issue: z.core.$ZodIssue, allowed: readonly string[]): Mistake {
  const path = issue.path.map(String).join('.');
  if (issue.code !== 'unrecognized_keys') return { path, message: issue.message };
  const unknown = issue.keys.map((key) => key.slice(0, 60)).join(', ');
  const hint = path === '' ? `; allowed: ${allowed.join(', ')}` : '';
  return { path, message: `unknown key ${unknown}${hint}` };
}

/** One key, one answer: kept in the ledger, so that it holds after a restart too (4-interfaces §4). */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../domain/canonical-json';
import { TidegateFailure } from '../domain/failures';
import type { KeyAnswer } from '../ports/ledger';
import type { ApiDeps, Reply } from './operation';
import { ApiProblem, problemBody } from './problems';

export interface Claim {
  readonly caller: string;
  /** Method and path as called: the same key on another path is another key. */
  readonly route: string;
  readonly key: string;
}

/** An answer as it is kept; problems are kept like any other. */
export interface Kept {
  readonly status: number;
  readonly body: unknown;
  readonly location: string | null;
  readonly final: boolean;
}

/** The key of a request, or null without one. @throws ApiProblem invalid */
export function idempotencyKey(header: string | undefined): string | null {
  if (header === undefined) return null;
  if (/^[\x21-\x7e]{1,255}$/.test(header)) return header;
  throw new ApiProblem('invalid', 'Idempotency-Key must be 1 to 255 printable ASCII characters without spaces.');
}

/** SHA-256 over the request's content; the order of keys makes no difference. */
export function digestOf(content: unknown): string {
  return createHash('sha256').update(canonicalJson(content)).digest('hex');
}

/** A stable id for what a call does: the same claim and content give the same id. */
export function seedOf(claim: Claim, digest: string): string {
  return digestOf([claim.caller, claim.route, claim.key, digest]).slice(0, 32);
}

/**
 * Turns what a handler does into an answer that can be kept: a problem is an answer, anything else thrown is not, and
 * neither is "wait a minute", after which the same key must work.
 */
async function answerOf(act: () => Promise<Reply>): Promise<Kept> {
  try {
    const reply = await act();
    if (reply.kind !== 'json') throw new Error('only JSON answers can be kept under an idempotency key');
    const { status, body, location = null, final = status !== 202 } = reply;
    return { status, body, location, final };
  } catch (error) {
    if (!(error instanceof ApiProblem) || error.status >= 500 || error.status === 429) throw error;
    return { status: error.status, body: problemBody(error), location: null, final: true };
  }
}

/**
 * Runs calls at most once per key. A repeat while the first is under way waits for it; a repeat after a crash in the
 * middle runs again, which is harmless because every id in it comes from the key.
 */
export function createOnce(
  deps: Pick<ApiDeps, 'ledger' | 'now' | 'logger'>,
): (claim: Claim, digest: string, act: () => Promise<Reply>) => Promise<Kept> {
  const underWay = new Map<string, { readonly digest: string; readonly answer: Promise<Kept> }>();

  /** While the ledger is away a decision still counts (4-interfaces §4): a run knows a repeat by its id alone. */
  async function recall({ caller, route, key }: Claim, digest: string): Promise<KeyAnswer> {
    try {
      return await deps.ledger.claimKey(caller, route, key, digest, deps.now());
    } catch (error) {
      if (!(error instanceof TidegateFailure) || error.kind !== 'Unavailable') throw error;
      deps.logger.error({ err: error, route }, 'an idempotency key could not be claimed');
      return { state: 'pending', bug: null };
    }
  }

  async function claimed(claim: Claim, digest: string, act: () => Promise<Reply>): Promise<Kept> {
    const known = await recall(claim, digest);
    if (known.state === 'reused') throw reused();
    if (known.state === 'done') return { ...(JSON.parse(known.body) as Omit<Kept, 'status'>), status: known.status };
    const answer = await answerOf(act);
    if (answer.final) await keep(claim, answer);
    return answer;
  }

  async function keep(claim: Claim, { status, ...rest }: Kept): Promise<void> {
    try {
      await deps.ledger.answerKey(claim.caller, claim.route, claim.key, status, JSON.stringify(rest));
    } catch (error) {
      // What was done is done; only the memory of the answer is lost, and a repeat is harmless.
      deps.logger.error({ err: error, route: claim.route }, 'an answer could not be kept under its idempotency key');
    }
  }

  return async (claim, digest, act) => {
    const id = JSON.stringify([claim.caller, claim.route, claim.key]);
    const first = underWay.get(id);
    if (first && first.digest !== digest) throw reused();
    if (first) return first.answer;
    const answer = claimed(claim, digest, act).finally(() => underWay.delete(id));
    underWay.set(id, { digest, answer });
    return answer;
  };
}

function reused(): ApiProblem {
  return new ApiProblem(
    'key-reused',
    'This Idempotency-Key came with another body before: send the same body, or a new key.',
  );
}

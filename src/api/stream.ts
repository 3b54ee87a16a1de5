/** Server-sent events: one way to send them, for logs and for the feed of what happens (4-interfaces §4). */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Response } from 'express';
import type { Call } from './operation';
import { ApiProblem } from './problems';

/** Silence after which a stream says that it is still there, so that no proxy hangs up. */
const QUIET_MS = 15_000;

/** What is there to be sent now. */
export interface Portion {
  /** Frames, ready to be sent. */
  readonly text: string;
  /** Where a reader that comes back goes on; null: at the start. */
  readonly position: number | null;
  /** There is more already. */
  readonly more: boolean;
  /** Nothing comes after this. */
  readonly last: boolean;
}

/** Places for open streams. */
export interface Seats {
  /** @throws ApiProblem too-many. Answers how to give the place back. */
  take(person: string): () => void;
  /** How many are taken. */
  open(): number;
}

export function createSeats(total: number, each: number): Seats {
  const taken = new Map<string, number>();
  let all = 0;
  return {
    open: () => all,
    take(person) {
      const own = taken.get(person) ?? 0;
      if (own >= each) throw new ApiProblem('too-many', `${person} has ${own} streams open: close one of them first.`);
      if (all >= total) throw new ApiProblem('too-many', `${all} streams are open already: try later.`);
      taken.set(person, own + 1);
      all++;
      return () => {
        const left = (taken.get(person) ?? 1) - 1;
        if (left === 0) taken.delete(person);
        else taken.set(person, left);
        all--;
      };
    },
  };
}

export const frame = (event: string, id: number, data: object): string =>
  `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

/** Where a reader that lost the line was; null: it is a new one. */
export const resumeAt = ({ req }: Pick<Call, 'req'>): number | null => {
  const lastId = req.get('last-event-id');
  return lastId !== undefined && /^\d{1,15}$/.test(lastId) ? Number(lastId) : null;
};

/**
 * Sends portions at the speed of the reader until the last one. Whoever's token stops to count is told `closed` and let
 * go. @throws ApiProblem too-many
 */
export async function sendStream(call: Call, everyMs: number, next: () => Promise<Portion>): Promise<void> {
  const { deps, caller, res } = call;
  const leave = deps.seats.take(caller.id);
  const guard = guarded(call);
  try {
    res
      .status(200)
      .set({ 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' });
    res.flushHeaders();
    await pump(res, everyMs, next);
  } catch (error) {
    // The headers are out: all that is left is to end, and the reader comes back with Last-Event-ID.
    deps.logger.error({ err: error, path: call.req.path }, 'a stream broke off');
    res.end();
  } finally {
    clearInterval(guard);
    leave();
  }
}

const open = (res: Response): boolean => !res.writableEnded && !res.destroyed;

async function pump(res: Response, everyMs: number, next: () => Promise<Portion>): Promise<void> {
  let quiet = 0;
  while (open(res)) {
    const { text, position, more, last } = await next();
    quiet = text === '' ? quiet + everyMs : 0;
    await send(res, quiet < QUIET_MS ? text : stillHere(position));
    if (quiet >= QUIET_MS) quiet = 0;
    if (last) return void res.end();
    if (!more) await sleep(everyMs);
  }
}

/** An id without data: the reader remembers it, and is told nothing. */
const stillHere = (position: number | null): string =>
  position === null ? ': still here\n\n' : `id: ${position}\n: still here\n\n`;

/** Writes, and waits for a reader that is slower than we are. */
export async function send(res: Response, text: string): Promise<void> {
  if (text === '' || !open(res)) return;
  if (!res.write(text)) await Promise.race([once(res, 'drain'), once(res, 'close')]);
}

/** Looks by its own clock, so that a reader who does not read is let go as well. */
function guarded({ deps: { door, limits, logger }, caller, req, res }: Call): NodeJS.Timeout {
  const recheck = async (): Promise<void> => {
    const entry = await door(req.get('authorization'));
    if (entry.caller?.id === caller.id || !open(res)) return;
    const detail = entry.problem ?? 'This token is no longer known.';
    if (res.writableNeedDrain) res.destroy();
    else res.end(`event: closed\ndata: ${JSON.stringify({ detail })}\n\n`);
  };
  return setInterval(() => {
    recheck().catch((error: unknown) => {
      // Whether it still counts cannot be known: the reader comes back and is asked anew.
      logger.error({ err: error }, 'the token of a stream could not be looked up');
      res.destroy();
    });
  }, limits.recheckMs);
}

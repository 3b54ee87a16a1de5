/** The log of a deployment on its way out: whole as text, or line by line as server-sent events. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import type { Request, Response } from 'express';
import type { LogLine } from '../ports/deployer';
import type { Ledger } from '../ports/ledger';
import type { ApiDeps } from './operation';
import { ApiProblem } from './problems';
import { iso } from './schemas/common';

/** Lines read from the ledger at a time. */
const BATCH = 500;

/** Silence after which a followed log says that it is still there, so that no proxy hangs up. */
const QUIET_MS = 15_000;

/** Offsets begin at 0. */
const FROM_THE_START = -1;

/* eslint-disable no-control-regex -- control characters are what is taken out */
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
/* eslint-enable no-control-regex */

/** A line that a terminal can show without being told what to do by it. */
const plain = (text: string): string => stripVTControlCharacters(text).replace(CONTROL, '');

/** Writes every line so far as `<instant> <text>`, in batches, at the speed of the reader. */
export async function wholeLog(
  ledger: Ledger,
  deployment: string,
  after: number | undefined,
  res: Response,
): Promise<void> {
  res.status(200).type('text/plain; charset=utf-8');
  let offset = after ?? FROM_THE_START;
  for (;;) {
    const lines = await ledger.log(deployment, offset, BATCH);
    const text = lines.map((line) => `${iso(line.at)} ${plain(line.text)}\n`).join('');
    await send(res, text);
    offset = lines.at(-1)?.offset ?? offset;
    if (lines.length < BATCH || res.destroyed) break;
  }
  res.end();
}

const followers = new WeakMap<Ledger, number>();

/**
 * Sends each line as an event `line` whose id is its offset, and `end` with the verdict once the deployment has ended
 * and nothing is left. A reader that comes back with `Last-Event-ID` goes on from there. @throws ApiProblem too-many
 */
export async function followLog(
  deps: ApiDeps,
  deployment: string,
  after: number | undefined,
  req: Request,
  res: Response,
): Promise<void> {
  const open = followers.get(deps.ledger) ?? 0;
  if (open >= deps.limits.followers) {
    throw new ApiProblem('too-many', `${open} logs are being followed already: read it without follow, or try later.`);
  }
  followers.set(deps.ledger, open + 1);
  try {
    await pump(deps, deployment, after, req, res);
  } finally {
    followers.set(deps.ledger, (followers.get(deps.ledger) ?? 1) - 1);
  }
}

async function pump(
  { ledger, limits, logger }: ApiDeps,
  deployment: string,
  after: number | undefined,
  req: Request,
  res: Response,
): Promise<void> {
  res.status(200).set({ 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' });
  res.flushHeaders();
  let offset = resumeAt(req.get('last-event-id')) ?? after ?? FROM_THE_START;
  let idle = 0;
  try {
    while (!res.destroyed) {
      // Asked first: lines written before the end are then sure to be read.
      const state = await ledger.deployment(deployment);
      const lines = await ledger.log(deployment, offset, BATCH);
      await send(res, lines.map((line) => frame('line', line.offset, lineOf(line))).join(''));
      offset = lines.at(-1)?.offset ?? offset;
      if (lines.length === BATCH) continue;
      if (state?.endedAt != null) return void res.end(frame('end', offset, { verdict: state.verdict }));
      idle = lines.length > 0 ? 0 : idle + limits.pollMs;
      if (idle >= QUIET_MS) idle = await send(res, ': still here\n\n');
      await sleep(limits.pollMs);
    }
  } catch (error) {
    // The headers are out: all that is left is to end, and the reader comes back with Last-Event-ID.
    logger.error({ err: error, deployment }, 'following a log broke off');
    res.end();
  }
}

/** Writes at the speed of the reader; 0, the silence that is left after it. */
async function send(res: Response, text: string): Promise<0> {
  if (text !== '' && !res.write(text)) await Promise.race([once(res, 'drain'), once(res, 'close')]);
  return 0;
}

const frame = (event: string, id: number, data: object): string =>
  `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
const lineOf = ({ offset, at, text }: LogLine): object => ({ offset, at: iso(at), text: plain(text) });
const resumeAt = (lastId: string | undefined): number | null =>
  lastId !== undefined && /^\d{1,15}$/.test(lastId) ? Number(lastId) : null;

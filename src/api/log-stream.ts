/** The log of a deployment on its way out: whole as text, or line by line as server-sent events. */
import { stripVTControlCharacters } from 'node:util';
import type { Response } from 'express';
import type { LogLine } from '../ports/deployer';
import type { Ledger } from '../ports/ledger';
import type { Call } from './operation';
import { iso } from './schemas/common';
import { frame, resumeAt, send, sendStream } from './stream';

/** Lines read from the ledger at a time. */
const BATCH = 500;

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
    await send(res, lines.map((line) => `${iso(line.at)} ${plain(line.text)}\n`).join(''));
    offset = lines.at(-1)?.offset ?? offset;
    if (lines.length < BATCH || res.destroyed) break;
  }
  res.end();
}

/**
 * Sends each line as an event `line` whose id is its offset, and `end` with the verdict once the deployment has ended
 * and nothing is left. @throws ApiProblem too-many
 */
export function followLog(call: Call, deployment: string, after: number | undefined): Promise<void> {
  const { ledger, limits } = call.deps;
  let offset = resumeAt(call) ?? after ?? FROM_THE_START;
  return sendStream(call, limits.pollMs, async () => {
    // Asked first: lines written before the end are then sure to be read.
    const state = await ledger.deployment(deployment);
    const lines = await ledger.log(deployment, offset, BATCH);
    const text = lines.map((line) => frame('line', line.offset, lineOf(line))).join('');
    offset = lines.at(-1)?.offset ?? offset;
    const more = lines.length === BATCH;
    const last = !more && state?.endedAt != null;
    const end = last ? frame('end', offset, { verdict: state.verdict }) : '';
    return { text: text + end, position: offset === FROM_THE_START ? null : offset, more, last };
  });
}

const lineOf = ({ offset, at, text }: LogLine): object => ({ offset, at: iso(at), text: plain(text) });

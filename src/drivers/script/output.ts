/**
 * Reading a job's output file. The runner alone cuts it (runner.ts): up to the cap the file is the output byte for byte;
 * beyond it, `head` holds that beginning and `tail` with the file the end. So offsets below the cap always mean the same.
 */
import { open, readFile, stat } from 'node:fs/promises';
import type { LogLine } from '../../ports/deployer';
import { jobFile, readIfThere, writeAtomic, type Job } from './job';
import { createLineSplitter, parseMetadata, tailText, type RawLine } from './lines';

const CHUNK_BYTES = 262_144;
/** Of the end of the output, this much goes into results (F41). */
const TAIL_BYTES = 16_384;

export interface OutputSink {
  readonly log: (lines: readonly LogLine[]) => Promise<void>;
  readonly now: () => number;
  readonly redact: (text: string) => string;
}

export interface OutputReader {
  /** Hands over what is new. Lines are handed over at least once, each always with the same offset. */
  pump(): Promise<void>;
  /** The rest once nothing is written any more: the unfinished line and, past the cap, a note and the last lines. */
  finish(): Promise<void>;
  /** Bytes read so far. */
  readonly position: number;
}

async function readAt(path: string, from: number, length: number): Promise<Buffer | null> {
  const file = await open(path, 'r').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  });
  if (file === null) return null;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, from);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** The head is made before the file is emptied: when it is not there after a read, the read was of the whole file. */
async function readBegin(job: Job, from: number, cap: number): Promise<Buffer> {
  const length = Math.min(CHUNK_BYTES, cap - from);
  if (length <= 0) return Buffer.alloc(0);
  const direct = await readAt(jobFile(job, 'output'), from, length);
  return (await readAt(jobFile(job, 'head'), from, length)) ?? direct ?? Buffer.alloc(0);
}

async function sizeOf(path: string): Promise<number | null> {
  return (await stat(path).catch(() => null))?.size ?? null;
}

async function bytes(path: string): Promise<Buffer> {
  return readFile(path).catch(() => Buffer.alloc(0));
}

/** Begins after the last lines that an earlier attempt handed over. */
export async function createOutputReader(job: Job, cap: number, sink: OutputSink): Promise<OutputReader> {
  const resumeAt = Number((await readIfThere(jobFile(job, 'logged'))) ?? 0);
  const splitter = createLineSplitter(resumeAt);
  let position = resumeAt;

  const hand = async (lines: readonly RawLine[]): Promise<void> => {
    if (lines.length === 0) return;
    const at = sink.now();
    await sink.log(lines.map(({ offset, text }) => ({ offset, at, text: sink.redact(text) })));
    // Only where the next attempt begins; lines that are handed over twice are one row, a full disk is no reason to stop.
    await writeAtomic(jobFile(job, 'logged'), String(splitter.resumeAt)).catch(() => undefined);
  };

  const pump = async (): Promise<void> => {
    for (;;) {
      const chunk = await readBegin(job, position, cap);
      if (chunk.length === 0) return;
      position += chunk.length;
      await hand(splitter.feed(chunk));
    }
  };

  return {
    pump,
    async finish() {
      await pump();
      await hand(splitter.flush());
      if ((await sizeOf(jobFile(job, 'head'))) === null) return;
      const note = `[tidegate] the output is longer than ${cap} bytes; from here on only its end is kept`;
      const end = createLineSplitter(cap + 1);
      const last = tailText(await readEnd(job), TAIL_BYTES);
      await hand([{ offset: cap, text: note }, ...end.feed(Buffer.from(`${last}\n`))]);
    },
    get position() {
      return position;
    },
  };
}

/** The end of the output, whether or not its middle was dropped. */
async function readEnd(job: Job): Promise<Buffer> {
  return Buffer.concat([await bytes(jobFile(job, 'tail')), await bytes(jobFile(job, 'output'))]);
}

/** What a finished output says of itself: metadata lines of its beginning and end, and the last 16 kB of text. */
export async function summarize(
  job: Job,
  redact: (text: string) => string,
): Promise<{ readonly metadata: Readonly<Record<string, string>>; readonly tail: string }> {
  const end = await readEnd(job);
  const metadata = { ...parseMetadata(await bytes(jobFile(job, 'head'))), ...parseMetadata(end) };
  const clean = Object.entries(metadata).map(([key, value]) => [key, redact(value)] as const);
  return { metadata: Object.fromEntries(clean), tail: redact(tailText(end, TAIL_BYTES)) };
}

/** Anything that changes with each write of the script; growth and cutting look the same, and both need a write. */
export async function outputMark(job: Job): Promise<{ readonly mark: string; readonly ageMs: number } | null> {
  const found = await stat(jobFile(job, 'output')).catch(() => null);
  return found === null
    ? null
    : { mark: `${found.size}@${found.mtimeMs}`, ageMs: Math.max(0, Date.now() - found.mtimeMs) };
}

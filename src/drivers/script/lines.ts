/** A script's output as lines and metadata: pure, and the same whatever the pieces in which it was read. */
import { cleanText } from '../text';

/** Longer lines are cut here (bytes). */
export const MAX_LINE_BYTES = 4_096;

const NEWLINE = 0x0a;

export interface RawLine {
  /** Byte offset of its first byte in the output. */
  readonly offset: number;
  readonly text: string;
}

export interface LineSplitter {
  /** Lines that are complete, or already longer than what is kept of a line. */
  feed(chunk: Buffer): readonly RawLine[];
  /** The line at the end that has no newline. */
  flush(): readonly RawLine[];
  /** Where the first line begins that was not handed out. */
  readonly resumeAt: number;
}

function toLine(offset: number, bytes: Buffer): RawLine {
  const cut = bytes.length > MAX_LINE_BYTES;
  const text = cleanText(bytes.subarray(0, MAX_LINE_BYTES).toString('utf8'));
  return { offset, text: cut ? `${text} … (line cut)` : text };
}

/** Splits bytes that begin at `startOffset`, where a line begins. Holds no more than one cut line in memory. */
export function createLineSplitter(startOffset: number): LineSplitter {
  let pending: Buffer = Buffer.alloc(0);
  let lineStart = startOffset;
  let handedOut = false;
  let position = startOffset;

  const take = (bytes: Buffer, ends: boolean): RawLine[] => {
    if (!handedOut) pending = Buffer.concat([pending, bytes.subarray(0, MAX_LINE_BYTES + 1 - pending.length)]);
    position += bytes.length + (ends ? 1 : 0);
    const full = pending.length > MAX_LINE_BYTES;
    const out = !handedOut && (ends || full) ? [toLine(lineStart, pending)] : [];
    if (out.length > 0) handedOut = true;
    if (ends) {
      pending = Buffer.alloc(0);
      lineStart = position;
      handedOut = false;
    }
    return out;
  };

  return {
    feed(chunk) {
      const lines: RawLine[] = [];
      let from = 0;
      for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
        lines.push(...take(chunk.subarray(from, at), true));
        from = at + 1;
      }
      if (from < chunk.length) lines.push(...take(chunk.subarray(from), false));
      return lines;
    },
    flush() {
      const line = handedOut || pending.length === 0 ? [] : [toLine(lineStart, pending)];
      handedOut = true;
      return line;
    },
    get resumeAt() {
      return lineStart;
    },
  };
}

const METADATA_MARK = '::tidegate ';
const PAIR = /(?:^|\s)([A-Za-z][A-Za-z0-9_.-]{0,39})=(?:"([^"]{0,1000})"|([^\s"]{1,1000}))(?=\s|$)/g;
const MAX_KEYS = 50;

/** The texts behind the marks that stand at the beginning of a line. */
function* metadataLines(output: Buffer): Generator<string> {
  for (let at = output.indexOf(METADATA_MARK); at !== -1; at = output.indexOf(METADATA_MARK, at + 1)) {
    if (at > 0 && output[at - 1] !== NEWLINE) continue;
    const end = output.indexOf(NEWLINE, at);
    const line = output.subarray(
      at + METADATA_MARK.length,
      Math.min(end === -1 ? output.length : end, at + MAX_LINE_BYTES),
    );
    yield cleanText(line.toString('utf8'));
  }
}

/**
 * Pairs of `::tidegate key=value` lines (4-interfaces §3): several on one line, a value with spaces in double quotes;
 * the last value of a key counts. Anything that is not such a pair is log and nothing else.
 */
export function parseMetadata(output: Buffer): Readonly<Record<string, string>> {
  const found = new Map<string, string>();
  for (const line of metadataLines(output)) {
    for (const [, key = '', quoted, plain] of line.matchAll(PAIR)) {
      if (found.has(key) || found.size < MAX_KEYS) found.set(key, quoted ?? plain ?? '');
    }
  }
  return Object.fromEntries(found);
}

/** The last `bytes` of an output as clean lines. */
export function tailText(output: Buffer, bytes: number): string {
  const cut = output.subarray(Math.max(0, output.length - bytes));
  return cut.toString('utf8').split('\n').map(cleanText).join('\n').trimEnd();
}

/**
 * The end of the chain, kept outside the ledger: whoever can write the ledger can also write a whole new chain, and only
 * what was exported before tells (6-faults E18, abuse 32). The file is append-only and may lie on another disk or host.
 */
import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { TidegateFailure } from '../domain/failures';
import type { Checkpoint, Ledger } from '../ports/ledger';

const EVERY_MS = 5 * 60_000;

export interface CheckpointOptions {
  /** JSON Lines `{"seq":…,"hash":…,"at":…}`; it and its folder are made when missing. */
  readonly file: string;
  readonly now: () => number;
  /** Hears what went wrong: a file that cannot be written holds nothing up, and a chain that lost events is said at once. */
  readonly onProblem: (problem: unknown) => void;
}

export interface KeptCheckpoints {
  /** The same ledger, whose appends are checkpointed when a deployment ends. */
  readonly ledger: Ledger;
  /** Writes a last one and ends. */
  stop(): Promise<void>;
}

/** Exports the end of the chain now, every five minutes, and after each deployment's last event. */
export function keepCheckpoints(ledger: Ledger, { file, now, onProblem }: CheckpointOptions): KeptCheckpoints {
  let last: string | null = null;
  let queue = compareWithLast(ledger, file).catch(onProblem);
  const exportEnd = (): Promise<void> => {
    queue = queue
      .then(async () => {
        const { seq, hash } = await ledger.head();
        if (seq === 0 || hash === last) return;
        await appendLine(file, { seq, hash, at: now() });
        last = hash;
      })
      .catch(onProblem);
    return queue;
  };
  void exportEnd();
  const timer = setInterval(() => void exportEnd(), EVERY_MS).unref();
  return {
    ledger: {
      ...ledger,
      async append(events) {
        await ledger.append(events);
        if (events.some(({ kind }) => kind === 'deployment.ended')) void exportEnd();
      },
    },
    async stop() {
      clearInterval(timer);
      await exportEnd();
    },
  };
}

/** All checkpoints of a file, oldest first; none when there is no file. @throws TidegateFailure BadPlan, naming the line */
export async function readCheckpoints(file: string): Promise<readonly Checkpoint[]> {
  const lines = (await textOf(file)).split('\n');
  return lines.flatMap((line, index) => {
    if (line.trim() === '') return [];
    const checkpoint = parsed(line);
    if (checkpoint) return [checkpoint];
    throw new TidegateFailure(
      'BadPlan',
      `Line ${index + 1} of ${file} is no checkpoint. If a full disk or a crash cut it off, remove that line and verify again.`,
      { file, line: index + 1 },
    );
  });
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

function parsed(line: string): Checkpoint | null {
  try {
    const { seq, hash, at } = JSON.parse(line) as Partial<Record<keyof Checkpoint, unknown>>;
    const whole = Number.isSafeInteger(seq) && Number.isSafeInteger(at) && typeof hash === 'string';
    return whole ? { seq: seq as number, hash, at: at as number } : null;
  } catch {
    return null;
  }
}

/** A look at the newest checkpoint only; the whole comparison is `tidegate audit verify`. */
async function compareWithLast(ledger: Ledger, file: string): Promise<void> {
  const last = (await textOf(file)).trimEnd().split('\n').map(parsed).at(-1);
  if (!last) return;
  const [link] = await ledger.eventsAfter(last.seq - 1, 1);
  if (link?.hash === last.hash) return;
  throw new TidegateFailure(
    'Unknown',
    `The ledger does not hold event ${last.seq} as it was exported at ${new Date(last.at).toISOString()}: it was restored, cut or rewritten. ` +
      `Run tidegate audit verify; after a restore that you did yourself, move ${file} away.`,
    { file, seq: last.seq },
  );
}

async function appendLine(file: string, checkpoint: Checkpoint): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const handle = await open(file, 'a', 0o644);
  try {
    await handle.write(`${JSON.stringify(checkpoint)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

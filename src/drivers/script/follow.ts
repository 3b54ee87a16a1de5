/** Following a job to its end: log out, signs of life out, limits and cancellation in. */
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TidegateFailure } from '../../domain/failures';
import type { ActHooks, ActResult, DeployOrder } from '../../ports/deployer';
import { jobFile, markEnded, readEnded, readIdentity, readJob, type Ended, type Job, type JobState } from './job';
import { breakLock } from './lock';
import { createOutputReader, outputMark, summarize } from './output';
import { endSession } from './processes';
import { RUNNER_FENCED } from './runner';

export interface FollowOptions {
  readonly pollMs: number;
  readonly killGraceMs: number;
  readonly outputCapBytes: number;
  readonly flock: string | null;
  readonly redact: (text: string) => string;
  /** One line about the target, taken before a silent script is ended. */
  readonly describeTarget: () => Promise<string>;
}

type Limits = Pick<DeployOrder, 'idleTimeoutMs' | 'timeoutMs'>;

/** How long a runner may take to write the exit code once nothing of its script is left. */
const SETTLE_MS = 30_000;

/**
 * Ends every process of a job and waits until its lock is free; the reason is kept first, so that whoever reads the
 * job after us reports the same. @throws Unknown when something cannot be ended
 */
export async function endJob(
  job: Job,
  why: Ended,
  options: Pick<FollowOptions, 'killGraceMs' | 'flock'>,
): Promise<void> {
  await markEnded(job, why);
  for (let waited = 0; waited < SETTLE_MS + options.killGraceMs; waited += 50) {
    const script = await readIdentity(job, 'script');
    if (script !== null) await endSession(script, options.killGraceMs);
    const state = await readJob(job);
    if (state.state === 'lost') await settleLost(job, options);
    if (state.state !== 'running') return;
    await sleep(50);
  }
  throw new TidegateFailure(
    'Unknown',
    `The runner of the deploy script in ${job.folder} does not finish although its script is gone. Look at the process named in its file "keeper" on this host.`,
    { job: job.folder },
  );
}

/** Without its runner a job leaves processes and a lock behind; what is left of its session may still act, so it ends. */
export async function settleLost(job: Job, options: Pick<FollowOptions, 'killGraceMs' | 'flock'>): Promise<void> {
  const script = await readIdentity(job, 'script');
  if (script !== null) await endSession(script, options.killGraceMs);
  if (options.flock !== null) await breakLock(job, options.flock);
}

/** Time since the script's start and since its last byte. The worker's clock counts from the adoption on. */
async function createClocks(
  job: Job,
  now: () => number,
): Promise<() => Promise<{ silentMs: number; runningMs: number }>> {
  const began = await stat(jobFile(job, 'script')).catch(() => null);
  const startedAt = now() - (began === null ? 0 : Math.max(0, Date.now() - began.mtimeMs));
  const first = await outputMark(job);
  let mark = first?.mark ?? '';
  let lastByteAt = now() - (first?.ageMs ?? 0);
  return async () => {
    const present = await outputMark(job);
    if (present !== null && present.mark !== mark) {
      mark = present.mark;
      lastByteAt = now();
    }
    return { silentMs: now() - lastByteAt, runningMs: now() - startedAt };
  };
}

/** `tidegate-fence` said no, and the script went no further. */
function refusedAtSwitch(job: Job, tail: string): TidegateFailure {
  return new TidegateFailure(
    'Fenced',
    `The script of ${basename(job.folder)} was refused at its switch: its number is stale (exit ${RUNNER_FENCED}). Last lines: ${tail.slice(-400)}`,
  );
}

async function conclude(
  job: Job,
  state: Exclude<JobState, { state: 'new' | 'running' }>,
  options: FollowOptions,
): Promise<ActResult> {
  if (state.state === 'lost') await settleLost(job, options);
  const { metadata, tail } = await summarize(job, options.redact);
  const ended = await readEnded(job);
  if (ended?.why === 'hung') {
    return { outcome: 'hung', silentMs: ended.silentMs, metadata: { ...metadata, targetWhenHung: ended.target }, tail };
  }
  if (ended?.why === 'timed-out') return { outcome: 'timed-out', metadata, tail };
  if (state.state === 'exited' && state.code === RUNNER_FENCED) throw refusedAtSwitch(job, tail);
  return state.state === 'lost' ? { outcome: 'lost', tail } : { outcome: 'exited', code: state.code, metadata, tail };
}

/** Signs of life while something takes its time; what they throw is for the next poll to notice. */
export async function withHeartbeat<T>(hooks: ActHooks, doing: string, work: () => Promise<T>): Promise<T> {
  const beat = setInterval(() => {
    try {
      hooks.heartbeat(doing);
    } catch {
      clearInterval(beat);
    }
  }, 1_000);
  try {
    return await work();
  } finally {
    clearInterval(beat);
  }
}

function neverBegan(job: Job): TidegateFailure {
  return new TidegateFailure(
    'Unavailable',
    `The runner in ${job.folder} ended before its script began; it can be started again.`,
  );
}

/** The limit that a script passed, or null. */
async function passedLimit(
  clocks: { readonly silentMs: number; readonly runningMs: number },
  limits: Limits,
  options: FollowOptions,
): Promise<Ended | null> {
  if (clocks.runningMs >= limits.timeoutMs) return { why: 'timed-out' };
  if (clocks.silentMs < limits.idleTimeoutMs) return null;
  return { why: 'hung', silentMs: clocks.silentMs, target: await options.describeTarget() };
}

/**
 * Follows a started job until it is over. A hook that throws lets go of the job and leaves the script alone: the next
 * attempt goes on from there. Only the signal and the limits end a script.
 */
export async function followJob(job: Job, limits: Limits, hooks: ActHooks, options: FollowOptions): Promise<ActResult> {
  const reader = await createOutputReader(job, options.outputCapBytes, {
    log: (lines) => hooks.log(lines),
    now: () => hooks.now(),
    redact: options.redact,
  });
  const clocks = await createClocks(job, () => hooks.now());
  for (;;) {
    const state = await readJob(job);
    if (state.state === 'new') throw neverBegan(job);
    await reader.pump();
    hooks.heartbeat(`${reader.position} bytes of output`);
    if (state.state === 'exited' || state.state === 'lost') {
      await reader.finish();
      return await conclude(job, state, options);
    }
    const unfinishedEnd = await readEnded(job);
    if (hooks.signal.aborted) {
      await withHeartbeat(hooks, 'ending the script', () => endJob(job, { why: 'cancelled' }, options));
      await reader.finish();
      hooks.signal.throwIfAborted();
    }
    const passed =
      unfinishedEnd ??
      (await withHeartbeat(hooks, 'looking at the limits', async () => passedLimit(await clocks(), limits, options)));
    if (passed !== null) await withHeartbeat(hooks, 'ending the script', () => endJob(job, passed, options));
    else await sleep(options.pollMs, undefined, { signal: hooks.signal }).catch(() => undefined);
  }
}

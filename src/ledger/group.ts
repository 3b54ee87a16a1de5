/** Group commit: what arrives while a write is under way is written together next, in one transaction. */
import type { LedgerEvent } from '../domain/events';
import { TidegateFailure } from '../domain/failures';

/** Events of one transaction, unless a single append brings more. */
const GROUP = 500;

type Write = (events: readonly LedgerEvent[]) => Promise<void>;

interface Waiting {
  readonly events: readonly LedgerEvent[];
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Appends queue up anyway, for a chain has one end; so one process sends one transaction at a time, with everything
 * that waits. Each caller still learns how its own append ended.
 */
export function inGroups(write: Write): Write {
  const waiting: Waiting[] = [];
  let writing = false;

  async function writeAll(): Promise<void> {
    writing = true;
    for (let group = next(waiting); group.length > 0; group = next(waiting)) await writeGroup(write, group);
    writing = false;
  }

  return (events) =>
    new Promise((done, failed) => {
      waiting.push({ events, done, failed });
      if (!writing) void writeAll();
    });
}

function next(waiting: Waiting[]): readonly Waiting[] {
  let size = 0;
  const end = waiting.findIndex(({ events }, index) => (size += events.length) > GROUP && index > 0);
  return waiting.splice(0, end === -1 ? waiting.length : end);
}

/** What the database refuses for its content must not take along what it was grouped with. Never throws. */
async function writeGroup(write: Write, group: readonly Waiting[]): Promise<void> {
  try {
    await write(group.flatMap(({ events }) => events));
    for (const { done } of group) done();
  } catch (error) {
    const alone = group.length === 1;
    if (alone || (error instanceof TidegateFailure && error.kind === 'Unavailable')) {
      for (const { failed } of group) failed(error);
    } else {
      for (const one of group) await writeGroup(write, [one]);
    }
  }
}

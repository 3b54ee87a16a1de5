/** The two doors of a gate, update and signal: the same function, the same sentences (3-architecture §3 rule 3). */
import { isCancellation } from '@temporalio/workflow';
import type { DomainEvent } from '../domain/events';
import { TEMPORAL_OPERATOR, type Actor } from '../domain/people';
import type { Refusal } from '../domain/verbs';
import type { Read } from '../domain/wire';
import type { Journal } from './journal';
import type { DecideResult } from './messages';
import { refused } from './refused';
import { worldly } from './worldly';

interface Decision {
  readonly id: string;
  readonly verb: string;
  readonly actor: Actor | null;
}

export interface DecisionOptions<S, E extends DomainEvent, D extends Decision> {
  readonly gate: {
    ruling(decision: D): Refusal | null;
    take(decision: D, at: number): Promise<Refusal | null>;
  };
  readonly journal: Journal<S, E>;
  readonly read: (raw: unknown, seq: number) => Read<D>;
  /** Decision ids taken in earlier runs. */
  readonly taken: readonly string[];
  readonly status: () => string;
}

/** How many decision ids a run remembers, and how many messages it takes before it continues as new (rule 12). */
const REMEMBERED = 200;
const MOST_MESSAGES = 1_000;

export interface Decisions {
  validate(raw: unknown): void;
  update(raw: unknown): Promise<DecideResult>;
  signal(raw: unknown): Promise<void>;
  taken(): readonly string[];
  /** Whether this run has taken so many messages that it should continue as new. */
  full(): boolean;
}

export function createDecisions<S, E extends DomainEvent, D extends Decision>(
  options: DecisionOptions<S, E, D>,
): Decisions {
  const { gate, journal, read, status } = options;
  const taken = [...options.taken];
  const underWay = new Map<string, Promise<Refusal | null>>();
  let messages = 0;

  const malformed = (sentence: string): Refusal => ({ code: 'invalid', sentence, presentSha: null, possible: [] });

  /** A handler that throws would fail the run: what cannot be asked is a refusal (rule 3). */
  function unreachable(error: unknown): Refusal {
    if (isCancellation(error)) throw error;
    const sentence = `What this decision needs cannot be asked right now (${worldly(error)}): try again in a minute.`;
    return { code: 'unavailable', sentence, presentSha: null, possible: [] };
  }

  async function once(decision: D): Promise<Refusal | null> {
    if (taken.includes(decision.id)) return null;
    const running = underWay.get(decision.id) ?? gate.take(decision, Date.now()).catch(unreachable);
    underWay.set(decision.id, running);
    const problem = await running;
    underWay.delete(decision.id);
    if (problem === null && !taken.includes(decision.id)) taken.push(decision.id);
    if (taken.length > REMEMBERED) taken.shift();
    return problem;
  }

  return {
    validate(raw) {
      const reading = read(raw, journal.seq());
      if (!reading.ok) throw refused(malformed(reading.problem));
      if (taken.includes(reading.value.id)) return;
      const problem = gate.ruling(reading.value);
      if (problem) throw refused(problem);
    },
    async update(raw) {
      messages += 1;
      const reading = read(raw, journal.seq());
      if (!reading.ok) throw refused(malformed(reading.problem));
      const problem = await once(reading.value);
      if (problem) throw refused(problem);
      return { recorded: await journal.recorded(), status: status() };
    },
    async signal(raw) {
      messages += 1;
      const reading = read(raw, journal.seq());
      if (!reading.ok) {
        journal.note(
          { kind: 'message.malformed', data: { name: 'decide', problem: reading.problem } },
          TEMPORAL_OPERATOR,
        );
        return;
      }
      const { verb, actor } = reading.value;
      const problem = await once(reading.value);
      if (!problem) return;
      const { code, sentence } = problem;
      journal.note({ kind: 'decision.refused', data: { verb, code, sentence } }, actor ?? TEMPORAL_OPERATOR);
    },
    taken: () => [...taken],
    full: () => messages >= MOST_MESSAGES,
  };
}

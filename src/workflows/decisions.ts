/** The two doors of a gate, update and signal: the same function, the same sentences (3-architecture §3 rule 3). */
import { CancellationScope } from '@temporalio/workflow';
import type { DomainEvent } from '../domain/events';
import { TEMPORAL_OPERATOR, type Actor } from '../domain/people';
import type { SignedGate } from '../domain/signed';
import type { Refusal } from '../domain/verbs';
import type { Read } from '../domain/wire';
import { createAttester, type Attested } from './attested';
import type { Intake } from './intake';
import type { Journal } from './journal';
import type { DecideResult } from './messages';
import { refused } from './refused';
import { createTaken, nameOf } from './taken';
import { worldly } from './worldly';

interface Decision {
  readonly id: string;
  readonly verb: string;
  readonly actor: Actor | null;
  readonly signature: string | null;
}

export interface DecisionOptions<S, E extends DomainEvent, D extends Decision> {
  /** Sees an actor only where the signature verified; null is whoever can write to Temporal. */
  readonly gate: {
    ruling(decision: D): Refusal | null;
    take(decision: D, at: number): Promise<Refusal | null>;
  };
  readonly journal: Journal<S, E>;
  readonly intake: Intake;
  readonly read: (raw: unknown, seq: number) => Read<D>;
  /** Decision ids taken in earlier runs. */
  readonly taken: readonly string[];
  readonly status: () => string;
  readonly service: string;
  /** What a signature must name to count here and now. */
  readonly signedFor: () => SignedGate;
}

export interface Decisions {
  validate(raw: unknown): void;
  update(raw: unknown): Promise<DecideResult>;
  signal(raw: unknown): Promise<void>;
  taken(): readonly string[];
}

export function createDecisions<S, E extends DomainEvent, D extends Decision>(
  options: DecisionOptions<S, E, D>,
): Decisions {
  const { journal, intake, status } = options;
  const bench = createBench(options);
  const read = (raw: unknown): Read<D> => options.read(raw, journal.seq());

  return {
    validate(raw) {
      const reading = read(raw);
      const problem = reading.ok ? bench.ruling(reading.value) : malformed(reading.problem);
      if (problem) throw refused(problem);
    },
    async update(raw) {
      intake.took();
      const reading = read(raw);
      const problem = reading.ok ? (await bench.decide(reading.value)).problem : malformed(reading.problem);
      if (problem) throw refused(problem);
      return { recorded: await journal.recorded(), status: status() };
    },
    async signal(raw) {
      intake.took();
      const reading = read(raw);
      if (!reading.ok) {
        const data = { name: 'decide', problem: reading.problem };
        return journal.note({ kind: 'message.malformed', data }, TEMPORAL_OPERATOR);
      }
      const { verb } = reading.value;
      const { by, problem } = await bench.decide(reading.value);
      if (!problem) return;
      const { code, sentence } = problem;
      journal.note({ kind: 'decision.refused', data: { verb, code, sentence } }, by);
    },
    taken: bench.taken,
  };
}

interface Bench<D> {
  /** The answer now, for a validator; null also where only the worker can tell whose signature it is. */
  ruling(claimed: D): Refusal | null;
  /** Who it is really from, and what became of it. */
  decide(claimed: D): Promise<{ readonly by: Actor; readonly problem: Refusal | null }>;
  taken(): readonly string[];
}

/** Behind both doors: whose decision it is, whether it is a repeat, and the gate's answer. */
function createBench<S, E extends DomainEvent, D extends Decision>(options: DecisionOptions<S, E, D>): Bench<D> {
  const { gate, service, signedFor } = options;
  const attester = createAttester<D>(service, signedFor);
  const taken = createTaken(options.taken);
  const underWay = new Map<string, Promise<Refusal | null>>();

  /** The table first: what it says of the present state is of more use than that a signature is of an earlier one. */
  function ruling({ decision, refusal, doubt }: Attested<D>): Refusal | null {
    return doubted(gate.ruling(decision) ?? refusal, doubt);
  }

  async function take(attested: Attested<D>): Promise<Refusal | null> {
    if (attested.refusal) return ruling(attested);
    return doubted(await gate.take(attested.decision, Date.now()), attested.doubt);
  }

  async function once(attested: Attested<D>): Promise<Refusal | null> {
    const name = nameOf(attested.decision);
    if (taken.has(name)) return null;
    const running = underWay.get(name) ?? take(attested).catch(unreachable);
    underWay.set(name, running);
    const problem = await running;
    underWay.delete(name);
    if (problem === null) taken.add(name);
    return problem;
  }

  async function decide(claimed: D): ReturnType<Bench<D>['decide']> {
    try {
      const attested = attester.taking(claimed) ?? (await attester.learning(claimed));
      return { by: attested.decision.actor ?? TEMPORAL_OPERATOR, problem: await once(attested) };
    } catch (error) {
      return { by: TEMPORAL_OPERATOR, problem: unreachable(error) };
    }
  }

  return {
    ruling(claimed) {
      const attested = attester.looking(claimed);
      return attested === null || taken.has(nameOf(attested.decision)) ? null : ruling(attested);
    },
    // A cancelled deployment goes on to its rollback, and a signal handler that throws would end it right there.
    decide: (claimed) => CancellationScope.nonCancellable(() => decide(claimed)),
    taken: taken.all,
  };
}

const malformed = (sentence: string): Refusal => ({ code: 'invalid', sentence, presentSha: null, possible: [] });

/** A handler that throws would fail the run: what cannot be asked is a refusal (rule 3). */
function unreachable(error: unknown): Refusal {
  const sentence = `What this decision needs cannot be asked right now (${worldly(error)}): try again in a minute.`;
  return { code: 'unavailable', sentence, presentSha: null, possible: [] };
}

/** Says why the sender is taken for nobody, where being nobody is the problem. */
function doubted(problem: Refusal | null, doubt: string | null): Refusal | null {
  if (problem?.code !== 'not-allowed' || doubt === null) return problem;
  return { ...problem, sentence: `${problem.sentence} ${doubt}` };
}

/** The deployment ledger: what was about to be done to the world, and what became of it (6-faults E1, E2). */
import type { Selectable } from 'kysely';
import type { Step, StepState } from '../ports/ledger';
import type { Db, LedgerTables } from './schema';
import { storable } from './text';

export async function findStep(db: Db, deployment: string, step: string): Promise<Step | null> {
  const query = db.selectFrom('step').selectAll().where('deployment', '=', deployment).where('step', '=', step);
  const row = await query.executeTakeFirst();
  return row ? asStep(row) : null;
}

const asStep = (row: Selectable<LedgerTables['step']>): Step => ({ ...row, state: row.state as StepState });

/**
 * Writes `intent` unless a higher fence owns the step or it is settled: one statement, so that two attempts cannot both
 * read "free" and then both write. A settled step stays so: an attempt that was frozen before its intent wakes up after
 * another was refused, and must not act on what is over.
 */
export async function writeIntent(tx: Db, intent: Omit<Step, 'state' | 'proof' | 'result'>): Promise<boolean> {
  const { deployment, step, fence, attempt, host, at } = intent;
  const mine = { state: 'intent', fence, attempt, host, proof: null, result: null, at };
  const written = await tx
    .insertInto('step')
    .values({ deployment, step, ...mine })
    .onConflict((conflict) =>
      conflict
        .columns(['deployment', 'step'])
        .doUpdateSet(mine)
        .where('step.fence', '<=', fence)
        .where('step.state', '=', 'intent'),
    )
    .returning('step.fence')
    .execute();
  return written.length > 0;
}

/**
 * Writes how a step ended; the first word stays. A step may be done without an intent: observed in the world before anybody
 * acted (6-faults E2); such a row has fence and attempt 0 and no host.
 */
export async function settleStep(
  tx: Db,
  deployment: string,
  step: string,
  end: {
    readonly state: Exclude<StepState, 'intent'>;
    readonly proof: string;
    readonly result: string | null;
    readonly at: number;
  },
): Promise<void> {
  const settled = { ...end, proof: storable(end.proof), result: end.result === null ? null : storable(end.result) };
  await tx
    .insertInto('step')
    .values({ deployment, step, fence: 0, attempt: 0, host: '', ...settled })
    .onConflict((conflict) =>
      conflict.columns(['deployment', 'step']).doUpdateSet(settled).where('step.state', '=', 'intent'),
    )
    .execute();
}

/** Somebody is on duty: when a watch lacks evidence and asks people, ann looks and says that it may go on. */
import { setTimeout as sleep } from 'node:timers/promises';
import { pendingQuestion } from '../../src/domain/deployment-question';
import type { CaseContext } from './context';
import { deploymentsOf } from './journeys';

const LOOK_EVERY_MS = 1_000;

/** Until the case is over. */
export async function attend(context: CaseContext): Promise<void> {
  const { isOver, ledger, folder, post, say } = context;
  while (!isOver()) {
    await sleep(LOOK_EVERY_MS);
    const all = await deploymentsOf(ledger, folder.service).catch(() => []);
    for (const { id, verdict, questions } of all) {
      if (verdict !== null || pendingQuestion(questions) === null) continue;
      const key = `continue-${id}-${questions.length}`;
      const answer = await post('ann', `/v1/deployments/${id}/decisions`, { verb: 'continue' }, key).catch(() => null);
      say(`ann lets ${id} go on: ${answer?.status ?? 'nobody answered'}`);
    }
  }
}

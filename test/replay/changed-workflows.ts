/** The bug's workflow with one step too many, deployed over open runs without a patch: the replay must notice. */
import { sleep } from '@temporalio/workflow';
import type { BugState } from '../../src/domain/bug';
import { bugFixWorkflow as present } from '../../src/workflows/bug-fix';
import type { BugInput } from '../../src/workflows/inputs';

export async function bugFixWorkflow(input: BugInput): Promise<BugState> {
  await sleep('1 minute');
  return present(input);
}

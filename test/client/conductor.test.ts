import { ApplicationFailure, WorkflowUpdateFailedError, type Client } from '@temporalio/client';
import { createConductor } from '../../src/client/conductor';
import type { BugDecision } from '../../src/domain/verbs';

/** A client whose runs answer every update with this failure of the server. */
const clientFailing = (type: string): Client => {
  const failure = new WorkflowUpdateFailedError('Workflow Update failed', ApplicationFailure.create({ type }));
  const connection = { withDeadline: (_deadline: number, call: () => Promise<unknown>) => call() };
  const workflow = { getHandle: () => ({ workflowId: 'bug/shop/7', executeUpdate: () => Promise.reject(failure) }) };
  return { connection, workflow } as unknown as Client;
};

const DECISION = { id: 'd1', verb: 'confirm' } as BugDecision;

test.each(['UnprocessedUpdate', 'AcceptedUpdateCompletedWorkflow'])(
  'whoever decides while the run ends (%s) hears that it is not known, and not that the server broke',
  async (type) => {
    await expect(createConductor(clientFailing(type)).decideBug('shop', '7', DECISION)).rejects.toMatchObject({
      kind: 'Unavailable',
      message: expect.stringContaining('not known whether this was taken') as string,
    });
  },
);

import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { Runs } from '../ports/runs';

/** Looks at runs from outside. */
export function createRuns(client: Client): Runs {
  return {
    async describe(workflowId) {
      try {
        const { status } = await client.workflow.getHandle(workflowId).describe();
        return status.name === 'RUNNING' ? 'open' : 'closed';
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return 'missing';
        throw error;
      }
    },
  };
}

import { WorkflowNotFoundError, type Client } from '@temporalio/client';

/** Looks at runs from outside. */
export function createRuns(client: Client): { describe(workflowId: string): Promise<'open' | 'closed' | 'missing'> } {
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

/** Runs that stand still because their workflow task fails again and again; nobody is told by the run itself (E12). */
import { isGrpcServiceError, ServiceError, type Client } from '@temporalio/client';

export interface StuckRun {
  readonly id: string;
  /** How it is known: the server's mark, or how often its task was given out. */
  readonly why: string;
}

const SHOWN = 20;
/** Where the server marks nothing, each run must be looked at. */
const LOOKED_AT = 200;
/** The third try is waiting: two have failed. */
const FAILED_TWICE = 3;
/** The code of gRPC for a query that cannot be answered. */
const NOT_KNOWN: readonly number[] = [3];

/** At most twenty of them. @throws when Temporal does not answer */
export async function stuckRuns(client: Client): Promise<readonly StuckRun[]> {
  try {
    return await marked(client);
  } catch (error) {
    // Servers before 1.32.1 do not know the attribute.
    const reason = error instanceof ServiceError ? error.cause : error;
    if (isGrpcServiceError(reason) && NOT_KNOWN.includes(reason.code)) return lookedAt(client);
    throw error;
  }
}

async function marked(client: Client): Promise<readonly StuckRun[]> {
  const found: StuckRun[] = [];
  const query = 'TemporalReportedProblems IS NOT NULL AND ExecutionStatus = "Running"';
  for await (const { workflowId } of client.workflow.list({ query, pageSize: SHOWN })) {
    found.push({ id: workflowId, why: 'the server reports that its task fails' });
    if (found.length === SHOWN) break;
  }
  return found;
}

async function lookedAt(client: Client): Promise<readonly StuckRun[]> {
  const found: StuckRun[] = [];
  let looked = 0;
  for await (const { workflowId, runId } of client.workflow.list({ query: 'ExecutionStatus = "Running"' })) {
    const { raw } = await client.workflow.getHandle(workflowId, runId).describe();
    const attempt = raw.pendingWorkflowTask?.attempt ?? 1;
    if (attempt >= FAILED_TWICE) found.push({ id: workflowId, why: `its task failed ${attempt - 1} times` });
    looked += 1;
    if (found.length === SHOWN || looked === LOOKED_AT) break;
  }
  return found;
}

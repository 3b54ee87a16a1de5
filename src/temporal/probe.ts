import { Connection, type ConnectionOptions } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time';

const DAY = 24 * 60 * 60 * 1000;
const RETENTION_DAYS = 30;
const NOT_FOUND = 5;
const ALREADY_EXISTS = 6;
const PERMISSION_DENIED = 7;

/** Where a Temporal server is and how to talk to it; the shape `client/connection.ts` connects with. */
export interface TemporalPlace {
  readonly address: string;
  readonly namespace: string;
  /** TLS, API key and the like; empty for a local server. */
  readonly options: ConnectionOptions;
}

/** Asks the server at this place for a sign of life and makes the namespace when it is missing. @throws when it does not answer */
export async function prepare(place: TemporalPlace, connectTimeoutMs: number): Promise<void> {
  const connection = await Connection.connect({
    ...place.options,
    address: place.address,
    connectTimeout: connectTimeoutMs,
  });
  try {
    await ensureNamespace(connection, place.namespace);
  } finally {
    await connection.close();
  }
}

async function ensureNamespace(connection: Connection, namespace: string): Promise<void> {
  if (await namespaceIsKnown(connection, namespace)) return;
  await connection.workflowService
    .registerNamespace({ namespace, workflowExecutionRetentionPeriod: msToTs(RETENTION_DAYS * DAY) })
    .catch((error: unknown) => {
      if (codeOf(error) !== ALREADY_EXISTS) throw error;
    });
  await untilUsable(connection, namespace);
}

async function namespaceIsKnown(connection: Connection, namespace: string): Promise<boolean> {
  try {
    await connection.workflowService.describeNamespace({ namespace });
    return true;
  } catch (error) {
    // A key that is bound to one namespace may use it without being allowed to describe it.
    if (codeOf(error) === PERMISSION_DENIED) return true;
    if (codeOf(error) === NOT_FOUND) return false;
    throw error;
  }
}

/** A new namespace is refused until every part of the server has heard of it, which takes up to ten seconds. */
async function untilUsable(connection: Connection, namespace: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    try {
      await connection.workflowService.countWorkflowExecutions({ namespace });
      return;
    } catch (error) {
      if (codeOf(error) !== NOT_FOUND) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
  throw new Error(`The namespace ${namespace} was made, but the server still refuses it after 20 s.`);
}

const codeOf = (error: unknown): number | undefined => (error as { code?: number }).code;

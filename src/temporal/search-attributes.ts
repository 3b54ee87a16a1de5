import { type Connection } from '@temporalio/client';

/** Keyword search attributes of every Tidegate workflow, as the Temporal UI shows them. */
export const SEARCH_ATTRIBUTES = [
  'TidegateService',
  'TidegateEnv',
  'TidegateStatus',
  'TidegateSeverity',
  'TidegateVersion',
  'TidegateWaitingFor',
] as const;

const KEYWORD = 2;

/** Registers the search attributes that the namespace does not have yet; a worker calls it at its start. */
export async function registerSearchAttributes(connection: Connection, namespace: string): Promise<void> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = SEARCH_ATTRIBUTES.filter((name) => !(name in customAttributes));
  if (missing.length === 0) return;
  await connection.operatorService
    .addSearchAttributes({ namespace, searchAttributes: Object.fromEntries(missing.map((name) => [name, KEYWORD])) })
    .catch((error: unknown) => {
      const ALREADY_EXISTS = 6; // another worker was quicker
      if ((error as { code?: number }).code !== ALREADY_EXISTS) throw error;
    });
}

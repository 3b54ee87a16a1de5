import { type Connection } from '@temporalio/client';

const KEYWORD = 2;
const ALREADY_EXISTS = 6;

/** Registers the Keyword search attributes that the namespace does not have yet; a worker calls it at its start. */
export async function registerSearchAttributes(
  connection: Connection,
  namespace: string,
  names: readonly string[],
): Promise<void> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = names.filter((name) => !(name in customAttributes));
  if (missing.length === 0) return;
  await connection.operatorService
    .addSearchAttributes({ namespace, searchAttributes: Object.fromEntries(missing.map((name) => [name, KEYWORD])) })
    .catch((error: unknown) => {
      // Another worker may have been quicker.
      if ((error as { code?: number }).code !== ALREADY_EXISTS) throw error;
    });
}

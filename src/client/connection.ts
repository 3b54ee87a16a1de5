import { Client, Connection, type ConnectionOptions } from '@temporalio/client';
import { TidegateFailure } from '../domain/failures';

export interface TemporalAddress {
  readonly address: string;
  readonly namespace: string;
  /** TLS, API key and the like, from the profile; empty for a local server. */
  readonly options: ConnectionOptions;
}

/** Opens the one door to Temporal. @throws Unavailable with the address and what to do */
export async function connect(where: TemporalAddress): Promise<Client> {
  try {
    const connection = await Connection.connect({ ...where.options, address: where.address, connectTimeout: '10s' });
    return new Client({ connection, namespace: where.namespace });
  } catch (error) {
    throw new TidegateFailure(
      'Unavailable',
      `Temporal does not answer at ${where.address}: start it, or set TEMPORAL_ADDRESS to where it runs.`,
      { cause: String(error) },
    );
  }
}

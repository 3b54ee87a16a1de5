import { Client, Connection, isGrpcServiceError, type ClientPlugin, type ConnectionOptions } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { TidegateFailure } from '../domain/failures';

export interface TemporalAddress {
  readonly address: string;
  readonly namespace: string;
  /** TLS, API key and the like, from the profile; empty for a local server. */
  readonly options: ConnectionOptions;
  /** How payloads are sealed; absent: whoever reads Temporal's database can read them. */
  readonly dataConverter?: DataConverter;
  /** What goes along with every call, such as a trace. */
  readonly plugins?: readonly ClientPlugin[];
}

/** The codes of gRPC for "who are you" and "not you". */
const KEPT_OUT: readonly number[] = [16, 7];

/** Opens the one door to Temporal. @throws Unavailable with the address and what to do */
export async function openConnection({ address, options }: TemporalAddress): Promise<Connection> {
  try {
    return await Connection.connect({ ...options, address, connectTimeout: '10s' });
  } catch (error) {
    const reason = error instanceof Error && error.cause !== undefined ? error.cause : error;
    const sentence =
      isGrpcServiceError(reason) && KEPT_OUT.includes(reason.code)
        ? `Temporal at ${address} does not let us in: check TEMPORAL_API_KEY and the client certificate.`
        : `Temporal does not answer at ${address}: start it, or set TEMPORAL_ADDRESS to where it runs.`;
    throw new TidegateFailure('Unavailable', sentence, { cause: String(reason) });
  }
}

/** A client over an open connection; closing the connection stays with whoever opened it. */
export function clientOver(
  connection: Connection,
  { namespace, dataConverter, plugins = [] }: TemporalAddress,
): Client {
  return new Client({ connection, namespace, plugins: [...plugins], ...(dataConverter && { dataConverter }) });
}

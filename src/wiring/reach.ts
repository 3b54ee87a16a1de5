import type { Client, Connection } from '@temporalio/client';
import { clientOver, openConnection, type TemporalAddress } from '../client/connection';
import { TidegateFailure } from '../domain/failures';
import { tlsTrouble } from '../temporal/handshake';

/** The way to Temporal, open. */
export interface Reached {
  readonly client: Client;
  readonly connection: Connection;
}

/** Connects, or says what is wrong with TLS where that is the reason. @throws Unavailable */
export async function reach(place: TemporalAddress): Promise<Reached> {
  try {
    const connection = await openConnection(place);
    return { connection, client: clientOver(connection, place) };
  } catch (error) {
    const trouble = await tlsTrouble(place);
    throw trouble === null ? error : new TidegateFailure('Unavailable', trouble, { cause: String(error) });
  }
}

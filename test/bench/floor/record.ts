/** The record of a baseline: the same two writes as the product's, what is kept and what lists show. */
import { createHash } from 'node:crypto';
import { Pool } from 'pg';

const RECORD = `
  with kept as (
    insert into floor_event (id, bug, kind, hash) values ($1, $2, $3, $4) on conflict do nothing
  )
  insert into floor_bug (bug, status) values ($2, $3) on conflict (bug) do update set status = excluded.status`;

export interface FloorRecord {
  record(bug: string, status: string): Promise<void>;
  inStatus(status: string): Promise<readonly string[]>;
  close(): Promise<void>;
}

export async function openRecord(database: string, max: number): Promise<FloorRecord> {
  const pool = new Pool({ connectionString: database, max });
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  await pool.query(`
    create table if not exists floor_event (id text primary key, bug text, kind text, hash text);
    create table if not exists floor_bug (bug text primary key, status text)`);
  return {
    async record(bug, status) {
      const id = `${bug}/${status}`;
      await pool.query(RECORD, [id, bug, status, createHash('sha256').update(id).digest('hex')]);
    },
    async inStatus(status) {
      const { rows } = await pool.query<{ bug: string }>('select bug from floor_bug where status = $1', [status]);
      return rows.map(({ bug }) => bug);
    },
    close: () => pool.end(),
  };
}

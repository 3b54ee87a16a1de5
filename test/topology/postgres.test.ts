import { readFileSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { startPostgres, type Postgres } from '../../src/topology/postgres';

let folder: string;
let postgres: Postgres;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-postgres-'));
  postgres = await startPostgres({ folder, settings: { max_connections: '20' } });
});
afterAll(async () => {
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
});

async function ask(url: string, query: string): Promise<readonly unknown[]> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query({ text: query, rowMode: 'array' })).rows.map((row: unknown[]) => row[0]);
  } finally {
    await client.end();
  }
}

/** Command lines of living processes that name the folder. */
function leftOver(): readonly string[] {
  const commands = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      } catch {
        return '';
      }
    });
  return commands.filter((command) => command.includes(folder));
}

test('what was committed is there after a kill -9 of the server, on the same address, and no process is left of the killed one', async () => {
  const url = await postgres.createDatabase('shop');
  expect(await postgres.createDatabase('shop')).toBe(url);
  await ask(url, 'create table kept as select 1 as one');
  const asleep = ask(url, 'select pg_sleep(60)').then(
    () => 'answered',
    () => 'cut off',
  );
  await ask(url, `select count(*) from pg_stat_activity where query like '%pg_sleep%'`);
  await postgres.kill();
  expect(await asleep).toBe('cut off');
  expect(leftOver()).toEqual([]);
  await postgres.restart();
  expect(await ask(url, 'select one from kept')).toEqual([1]);
});

test('another program on this machine without the password is refused, and nobody else is listened to', async () => {
  const url = new URL(postgres.url('postgres'));
  url.password = 'guessed';
  await expect(ask(url.href, 'select 1')).rejects.toThrow('password authentication failed');
  expect(await ask(postgres.url('postgres'), 'show listen_addresses')).toEqual(['127.0.0.1']);
});

test('a setting given at restart holds, and a wrong one is answered with the last words of the server', async () => {
  await postgres.restart({ default_transaction_read_only: 'on' });
  expect(await ask(postgres.url('postgres'), 'show default_transaction_read_only')).toEqual(['on']);
  await expect(postgres.restart({ max_connections: 'plenty' })).rejects.toMatchObject({
    kind: 'Unavailable',
    message: expect.stringContaining('max_connections') as string,
  });
  await postgres.restart({});
  expect(await ask(postgres.url('postgres'), 'show default_transaction_read_only')).toEqual(['off']);
});

import Database from 'libsql';
import { join } from 'node:path';
import { Client } from 'pg';
import { openLedger } from '../../src/ledger/open-ledger';
import { onBothDatabases, postgresHome, reported, useTempFolder } from './support';

onBothDatabases((home) => {
  test('a ledger that was closed says so instead of hanging', async () => {
    const ledger = await openLedger(await home.newLocation());
    await ledger.ping();
    await ledger.close();
    await ledger.close();
    await expect(ledger.ping()).rejects.toMatchObject({ kind: 'Unavailable' });
  });

  test('a ledger that a newer Tidegate wrote is left alone, with a sentence that says so', async () => {
    const location = await home.newLocation();
    await (await openLedger(location)).close();
    await home.tamper(location, `insert into ledger_migration values ('9999-tomorrow', 0)`);
    await expect(openLedger(location)).rejects.toMatchObject({
      kind: 'BadPlan',
      message: expect.stringContaining('written by a newer Tidegate') as string,
    });
  });

  test('processes that start together make the tables once', async () => {
    const location = await home.newLocation();
    const ledgers = await Promise.all([1, 2, 3].map(() => openLedger(location)));
    await Promise.all(ledgers.map((ledger, index) => ledger.append([reported({ bug: String(index) })])));
    expect(await ledgers[0]?.verify()).toBeNull();
    expect(await ledgers[0]?.head()).toMatchObject({ seq: 3 });
    for (const ledger of ledgers) await ledger.close();
  });
});

describe('a SQLite file', () => {
  const folder = useTempFolder();

  test('that cannot be opened is named, with what to do', async () => {
    await expect(openLedger(join(__filename, 'nowhere', 'ledger.db'))).rejects.toMatchObject({
      kind: 'Unavailable',
      message: expect.stringContaining('nowhere/ledger.db') as string,
    });
    await expect(openLedger(__filename)).rejects.toMatchObject({
      kind: 'Unavailable',
      message: expect.stringContaining('put a backup in its place') as string,
    });
  });

  test('that another process holds for good gives a sentence with the file, not a hang', async () => {
    const file = join(folder(), 'ledger.db');
    const ledger = await openLedger(file);
    const holder = new Database(file);
    holder.exec('begin immediate');
    await expect(ledger.append([reported({ bug: '1' })])).rejects.toMatchObject({
      kind: 'Unavailable',
      message: expect.stringMatching(new RegExp(`${file}.*Another process holds it`)) as string,
    });
    holder.exec('rollback');
    holder.close();
    await ledger.append([reported({ bug: '1' })]);
    expect(await ledger.bug('shop', '1')).not.toBeNull();
    await ledger.close();
  }, 15_000);
});

describe('PostgreSQL', () => {
  const home = postgresHome();

  /** What a person would read; the password must not be in it. */
  async function sentenceOf(location: string): Promise<string> {
    const failure: unknown = await openLedger(location).then(
      () => 'it opened',
      (error: unknown) => error,
    );
    const password = new URL(home.server().url('postgres')).password;
    expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toContain(password);
    return failure instanceof Error ? failure.message : String(failure);
  }

  test('every way not to get in is told apart, and none tells the password', async () => {
    const url = (change: (url: URL) => void): string => {
      const address = new URL(home.server().url('postgres'));
      change(address);
      return address.href;
    };
    expect(await sentenceOf(url((to) => (to.pathname = '/nobody')))).toMatch(/nobody.*createdb/);
    expect(await sentenceOf(url((to) => (to.port = '1')))).toMatch(/127\.0\.0\.1:1\/postgres.*server runs/);
    expect(await sentenceOf(url((to) => (to.username = 'mallory')))).toMatch(/Look at the user and the password/);
    expect(await sentenceOf(url((to) => to.searchParams.set('max', '0')))).toMatch(/max=0.*1 to 999/);
    expect(await sentenceOf(home.server().url('postgres').replace('127.0.0.1', '['))).toMatch(/cannot be read/);
  });

  test('a server that only reads still answers questions, says so to a write, and takes it when it may write again', async () => {
    const location = await home.newLocation();
    const before = await openLedger(location);
    await before.append([reported({ bug: '1' })]);
    await before.close();
    await home.server().restart({ fsync: 'off', default_transaction_read_only: 'on' });
    const ledger = await openLedger(location);
    expect(await ledger.verify()).toBeNull();
    await expect(ledger.append([reported({ bug: '2' })])).rejects.toMatchObject({
      kind: 'Unavailable',
      message: expect.stringContaining('The server only reads') as string,
    });
    await home.server().restart({ fsync: 'off' });
    await ledger.append([reported({ bug: '2' })]).catch(() => ledger.append([reported({ bug: '2' })]));
    expect(await ledger.head()).toMatchObject({ seq: 2 });
    await ledger.close();
  });

  test('a server without a free connection says which settings to change, and is used again when there is one', async () => {
    const location = await home.newLocation();
    await home.server().restart({ fsync: 'off', max_connections: '3', superuser_reserved_connections: '0' });
    const holders = await Promise.all([1, 2, 3].map(() => connected(location)));
    expect(await sentenceOf(location)).toMatch(/lower \?max= in TIDEGATE_LEDGER, or raise its max_connections/);
    for (const holder of holders) await holder.end();
    const ledger = await openLedger(`${location}&max=2`);
    await Promise.all(Array.from({ length: 20 }, (_, index) => ledger.append([reported({ bug: String(index) })])));
    expect(await ledger.head()).toMatchObject({ seq: 20 });
    await ledger.close();
    await home.server().restart({ fsync: 'off' });
  });

  test('somebody who blocks the chain holds no reader up, and writers are told where to look', async () => {
    const location = await home.newLocation();
    const ledger = await openLedger(location.replace('?', '?lock_timeout=500&'));
    await ledger.append([reported({ bug: '1' })]);
    const holder = await connected(location);
    await holder.query('begin');
    await holder.query('select * from chain_head for update');
    const refused = expect(ledger.append([reported({ bug: '2' })])).rejects.toMatchObject({
      kind: 'Unavailable',
      message: expect.stringContaining('pg_stat_activity') as string,
    });
    expect(await ledger.bug('shop', '1')).not.toBeNull();
    await refused;
    await holder.query('rollback');
    await holder.end();
    await ledger.append([reported({ bug: '2' })]);
    expect(await ledger.head()).toMatchObject({ seq: 2 });
    await ledger.close();
  });

  test('all connections of the pool in use is an answer in seconds, not a hang', async () => {
    const location = await home.newLocation();
    const ledger = await openLedger(`${location}&max=1`);
    const holder = await connected(location);
    await holder.query('begin');
    await holder.query('select * from chain_head for update');
    const appended = ledger.append([reported({ bug: '1' })]);
    await expect(ledger.ping()).rejects.toMatchObject({
      kind: 'Unavailable',
      message: expect.stringContaining('raise ?max=') as string,
    });
    await holder.query('rollback');
    await holder.end();
    await appended;
    await ledger.ping();
    await ledger.close();
  });

  async function connected(location: string): Promise<Client> {
    const client = new Client({ connectionString: location });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }
});

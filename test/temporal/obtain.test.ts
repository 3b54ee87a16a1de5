import { spawn } from 'node:child_process';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { basename, join, resolve } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { transformFile } from '@swc/core';
import { type ObtainedTemporal, type ObtainOptions, obtainTemporal } from '../../src/temporal/obtain';
import { SEARCH_ATTRIBUTES } from '../../src/domain/ids';
import { registerSearchAttributes } from '../../src/temporal/search-attributes';
import { temporaryFolder } from '../support/temporary-folder';

let folder: string;
let lines: string[];
const opened: ObtainedTemporal[] = [];

beforeEach(async () => {
  folder = await temporaryFolder();
  lines = [];
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((temporal) => temporal.stop()));
  await rm(folder, { recursive: true, force: true });
});

async function obtain(more: Partial<ObtainOptions> = {}): Promise<ObtainedTemporal> {
  const temporal = await obtainTemporal({
    mode: 'own',
    stateDir: join(folder, 'state'),
    namespace: 'night',
    ui: false,
    env: process.env,
    say: (line) => void lines.push(line),
    ...more,
  });
  opened.push(temporal);
  return temporal;
}

async function withClient<T>(
  temporal: ObtainedTemporal,
  use: (client: Client, connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = await Connection.connect({ ...temporal.options, address: temporal.address });
  try {
    return await use(new Client({ connection, namespace: temporal.namespace }), connection);
  } finally {
    await connection.close();
  }
}

test('what waited in the dev server still waits after a stop and a start, search attributes included', async () => {
  const first = await obtain({ searchAttributes: SEARCH_ATTRIBUTES });
  await withClient(first, async (client) => {
    const typed = { workflowId: 'bug/shop/1', taskQueue: 'nobody', searchAttributes: { TidegateService: ['shop'] } };
    await client.workflow.start('bugFix', { ...typed, args: [] });
  });
  await first.stop();
  await expect(Connection.connect({ address: first.address, connectTimeout: 500 })).rejects.toThrow();
  const second = await obtain({ searchAttributes: SEARCH_ATTRIBUTES });
  const status = await withClient(second, (client) => client.workflow.getHandle('bug/shop/1').describe());
  expect(status.status.name).toBe('RUNNING');
});

test('a server that TEMPORAL_ADDRESS names is used with a missing namespace made, and is never stopped by us', async () => {
  const own = await obtain();
  const env = { HOME: folder, PATH: '', TEMPORAL_ADDRESS: own.address };
  const found = await obtain({ mode: 'find', env, namespace: 'another' });
  expect(found).toMatchObject({ address: own.address, namespace: 'another', source: 'TEMPORAL_ADDRESS' });
  await found.stop();
  await withClient(found, async (_client, connection) => {
    await registerSearchAttributes(connection, 'another', SEARCH_ATTRIBUTES);
    await registerSearchAttributes(connection, 'another', SEARCH_ATTRIBUTES);
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace: 'another' });
    expect(Object.keys(customAttributes)).toEqual(expect.arrayContaining([...SEARCH_ATTRIBUTES]));
  });
});

test('the standard profile file leads to the server and the namespace it names', async () => {
  const own = await obtain();
  const file = join(folder, 'temporal.toml');
  await writeFile(file, `[profile.default]\naddress = "${own.address}"\nnamespace = "night"\n`);
  const env = { HOME: folder, PATH: '', TEMPORAL_CONFIG_FILE: file };
  const found = await obtain({ mode: 'find', env, namespace: 'ignored' });
  expect(found).toMatchObject({ namespace: 'night', source: 'the Temporal profile file' });
});

test('an address where nothing answers is said, with what comes next, instead of a silent wait', async () => {
  const closed = await closedPort();
  const env = { HOME: folder, PATH: '', TEMPORAL_ADDRESS: closed, TIDEGATE_CACHE: join(folder, 'none') };
  const attempt = obtain({ mode: 'find', env });
  // Where a server runs on the standard port the search ends there; elsewhere it ends with every reason.
  await attempt.catch((error: unknown) => expect(String(error)).toContain('could not be found or obtained'));
  expect(lines[0]).toContain(`no answer from ${closed}`);
  expect(lines[1]).toBe('Temporal: TEMPORAL_ADDRESS does not lead to a server. Next: a server on 127.0.0.1:7233.');
});

test('the web UI is there when asked for', async () => {
  const temporal = await obtain({ ui: true });
  const page = await fetch(temporal.uiUrl ?? 'missing');
  expect(page.status).toBe(200);
});

test('no server is left behind when the process that started it is killed', async () => {
  await compileRoom(join(folder, 'room'));
  const script = `
    const { obtainTemporal } = require('./obtain.js');
    obtainTemporal({ mode: 'own', stateDir: ${JSON.stringify(join(folder, 'state'))}, namespace: 'default', ui: false,
      env: process.env, say: () => {} }).then((t) => console.log(t.address));
    setInterval(() => {}, 1000);`;
  const modules = resolve(__dirname, '../../node_modules');
  const child = spawn(process.execPath, ['-e', script], {
    cwd: join(folder, 'room'),
    env: { ...process.env, NODE_PATH: modules },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const address = await new Promise<string>((done) => child.stdout.once('data', (data) => done(String(data).trim())));
  child.kill('SIGKILL');
  await untilRefused(address);
});

/** Our TypeScript as plain files that a bare Node process can load. */
async function compileRoom(target: string): Promise<void> {
  const room = resolve(__dirname, '../../src/temporal');
  await mkdir(target, { recursive: true });
  for (const file of await readdir(room)) {
    const { code } = await transformFile(join(room, file), {
      jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
      module: { type: 'commonjs', ignoreDynamic: true },
    });
    await writeFile(join(target, `${basename(file, '.ts')}.js`), code);
  }
}

async function untilRefused(address: string): Promise<void> {
  for (;;) {
    try {
      const connection = await Connection.connect({ address, connectTimeout: 500 });
      await connection.close();
      await new Promise((next) => setTimeout(next, 100));
    } catch (error) {
      expect(String(error)).toMatch(/connect|deadline/i);
      return;
    }
  }
}

async function closedPort(): Promise<string> {
  const server: Server = createServer();
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address() as { port: number };
  await new Promise((closed) => server.close(closed));
  return `127.0.0.1:${port}`;
}

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Client, type WorkflowHandle } from '@temporalio/client';
import { pino } from 'pino';
import { createCodecApp } from '../../src/api/codec-app';
import { listenOn, type RunningApi } from '../../src/api/server';
import { createDataConverter } from '../../src/codec/data-converter';
import { createPayloadCodec } from '../../src/codec/payload-codec';
import { createPayloadDesk } from '../../src/wiring/payload-desk';
import { DEPOT, SHOP, tokenOf } from '../api/sample';
import { eventually } from '../e2e/town';
import { devServer } from '../support/environments';
import { newKey, sealingWith } from './keys';

const temporal = devServer();
const ORIGIN = 'http://localhost:8233';
const TITLE = 'The price of tea is wrong';
const BUG = 'bug/shop/1';
const SEALED = sealingWith(newKey('k1'));

const lines: string[] = [];
let server: RunningApi;
let run: WorkflowHandle;

/** Temporal's own command line in front of the codec server. */
async function temporalCli(as: string, ...args: readonly string[]): Promise<string> {
  const where = ['--address', temporal().address, '--namespace', 'default', '--codec-endpoint', server.url];
  const auth = ['--codec-auth', `Bearer ${tokenOf(as)}`];
  const cli = process.env.TEMPORAL_CLI ?? 'temporal';
  const { stdout } = await promisify(execFile)(cli, [...args, ...where, ...auth]);
  return stdout;
}

const show = (as: string): Promise<string> =>
  temporalCli(as, 'workflow', 'show', '--workflow-id', BUG, '--output', 'json');

const ask = (path: string, as: string | null, headers: Record<string, string> = {}, body = '{"payloads":[]}') =>
  fetch(`${server.url}${path}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(as !== null && { authorization: `Bearer ${tokenOf(as)}` }),
      ...headers,
    },
    body,
  });

beforeAll(async () => {
  const app = createCodecApp({
    services: [SHOP, DEPOT],
    desk: createPayloadDesk(SEALED, 'default'),
    namespace: 'default',
    origin: ORIGIN,
    logger: pino({}, { write: (line: string) => void lines.push(line) }),
  });
  server = await listenOn(app, { host: '127.0.0.1', port: 0 });
  const client = new Client({ connection: temporal().connection, dataConverter: createDataConverter(SEALED) });
  run = await client.workflow.start('nobody', { workflowId: BUG, taskQueue: 'nobody', args: [{ title: TITLE }] });
}, 60_000);

afterAll(() => server.stop());

it('shows an auditor in Temporal’s own tool what a run says, and leaves on record who looked', async () => {
  const shown = await show('aud');
  expect(shown).toContain(Buffer.from(JSON.stringify({ title: TITLE })).toString('base64'));
  expect(lines.map((line) => JSON.parse(line) as object)).toContainEqual(
    expect.objectContaining({ msg: 'decoded', caller: 'aud', runs: [BUG] }),
  );
  expect(lines.join('')).not.toContain(TITLE);
});

it('shows nothing to strangers, to developers, or to people of another service', async () => {
  const { events } = await run.fetchHistory();
  const sealed = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
  const body = JSON.stringify({ payloads: sealed });
  const seen = async (as: string | null) => (await ask('/decode', as, {}, body)).status;
  expect(await Promise.all([null, 'mallory', 'dev', 'zoe', 'aud'].map(seen))).toEqual([401, 401, 403, 403, 200]);
});

it('seals what an operator sends from the command line for the one run that it names, and for nobody who only reads', async () => {
  const signal = ['workflow', 'signal', '--workflow-id', BUG, '--name', 'decide', '--input', '{"verb":"abort"}'];
  const forRun = ['--codec-header', `X-Tidegate-Workflow=${BUG}`];
  await temporalCli('ann', ...signal, ...forRun);
  await expect(temporalCli('aud', ...signal, ...forRun)).rejects.toThrow();
  await expect(temporalCli('ann', ...signal)).rejects.toThrow();
  const sent = await eventually(
    async () =>
      ((await run.fetchHistory()).events ?? []).flatMap(
        ({ workflowExecutionSignaledEventAttributes: event }) => event?.input?.payloads ?? [],
      ),
    ({ length }) => length > 0,
  );
  const context = { type: 'workflow', namespace: 'default', workflowId: BUG } as const;
  const opened = await createPayloadCodec(SEALED).decode(sent, context);
  expect(opened.map(({ data }) => Buffer.from(data ?? []).toString())).toEqual(['{"verb":"abort"}']);
  await run.terminate();
});

it('lets the page of the Temporal UI read its answers, and no other page', async () => {
  const preflight = (origin: string) => fetch(`${server.url}/decode`, { method: 'OPTIONS', headers: { origin } });
  expect((await preflight(ORIGIN)).headers.get('access-control-allow-origin')).toBe(ORIGIN);
  expect((await preflight('https://evil.example')).headers.get('access-control-allow-origin')).toBeNull();
});

it('refuses other namespaces, what is no payload, and bodies without end, without falling over', async () => {
  const payload = (metadata: object) => JSON.stringify({ payloads: [{ metadata, data: '!' }] });
  const statuses = [
    await ask('/decode', 'ann', { 'x-namespace': 'other' }),
    await ask('/decode', 'ann', {}, payload({ encoding: 1 })),
    await ask('/decode', 'ann', {}, '{"payloads":'),
    await ask('/decode', 'ann', {}, JSON.stringify({ payloads: [], more: 'x'.repeat(9 * 1024 * 1024) })),
    await ask('/elsewhere', 'ann'),
  ].map(({ status }) => status);
  expect(statuses).toEqual([404, 422, 400, 413, 404]);
  expect((await ask('/decode', 'ann')).status).toBe(200);
});

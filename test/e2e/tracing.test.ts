import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils';
import { bundleWorkflowCode, DefaultLogger, Worker } from '@temporalio/worker';
import { createLogger } from '../../src/api/logger';
import { startApi, type RunningApi } from '../../src/api/server';
import { openLedger } from '../../src/ledger/open-ledger';
import type { Ledger } from '../../src/ports/ledger';
import { reach } from '../../src/wiring/reach';
import { trusting } from '../../src/wiring/signing';
import { startTracing, type Tracing } from '../../src/wiring/tracing';
import { startWorker, type RunningWorker } from '../../src/worker';
import { PEOPLE, tokenOf } from '../api/sample';
import { load, SMALL } from '../config/support';
import { devServer } from '../support/environments';
import { SIGNER } from '../support/signing';
import { temporaryFolder } from '../support/temporary-folder';
import { eventually } from './town';

const temporal = devServer();
const LIMIT_MS = 90_000;
const TITLE = 'The basket of Mrs Miller is empty';
const REASON = 'Her card 4111 1111 was charged';

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
}

/** An OTLP endpoint that keeps what it is sent, as it came. */
const received: string[] = [];
let receiver: Server;
let tracing: Tracing;
let ledger: Ledger;
let api: RunningApi;
let worker: RunningWorker;
let workflowBundle: { readonly code: string };
let folder: string;
let closing: () => Promise<void>;

const spans = (): readonly Span[] =>
  received.flatMap((body) => {
    const { resourceSpans } = JSON.parse(body) as {
      resourceSpans: { scopeSpans: { spans: Span[] }[] }[];
    };
    return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
  });

async function tracedBundle(): Promise<{ readonly code: string }> {
  return bundleWorkflowCode({
    workflowsPath: require.resolve('../../src/workflows'),
    payloadConverterPath: require.resolve('../../src/codec/payload-converter'),
    workflowInterceptorModules: ['@temporalio/interceptors-opentelemetry/lib/workflow-interceptors'],
    ignoreModules: ['crypto'],
    logger: new DefaultLogger('ERROR'),
  });
}

beforeAll(async () => {
  receiver = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      received.push(Buffer.concat(parts).toString());
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  }).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  process.env.OTEL_BSP_SCHEDULE_DELAY = '100';
  workflowBundle = await tracedBundle();
  tracing = startTracing('up', '0.0.0');
  folder = await temporaryFolder();
  ledger = await openLedger(join(folder, 'ledger.db'));
  const text = SMALL.replace('ann: { roles: [admin] }', "ann: { roles: [admin], token: '${env:ANN_TOKEN_SHA256}' }");
  const services = trusting([load(text, { ANN_TOKEN_SHA256: PEOPLE[0]?.tokenSha256 ?? '' })], [SIGNER.publicKey]);
  const place = { address: temporal().address, namespace: 'default', options: {}, plugins: [tracing.plugin] };
  const { client, connection } = await reach(place);
  closing = () => connection.close();
  const logger = createLogger('silent');
  worker = await startWorker({
    ...{ services, only: null, temporal: place, ledger, stateDir: folder, logger, tracing: tracing.plugin },
    workflows: { workflowBundle },
  });
  const listen = { host: '127.0.0.1', port: 0 };
  api = await startApi({ services, ledger, client, signer: SIGNER, listen, temporalUi: null, logger });
}, LIMIT_MS);

afterAll(async () => {
  delete process.env.OTEL_EXPORTER_OTLP_ENDPOINT;
  delete process.env.OTEL_BSP_SCHEDULE_DELAY;
  await api.stop();
  await closing();
  await worker.stop();
  await tracing.stop();
  await ledger.close();
  receiver.close();
  await rm(folder, { recursive: true, force: true });
}, LIMIT_MS);

async function post(path: string, body: unknown): Promise<{ readonly id: string; readonly status: string }> {
  const answer = await fetch(`${api.url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${tokenOf('ann')}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return (await answer.json()) as { id: string; status: string };
}

it(
  'shows one decision as one trace through API, update, workflow and activity, and says nothing that people wrote',
  async () => {
    const bug = await post('/v1/bugs', { service: 'shop', title: TITLE, severity: 'low', foundIn: 'prod' });
    expect(await post(`/v1/bugs/${bug.id}/decisions`, { verb: 'reject', reason: REASON })).toMatchObject({
      status: 'rejected',
    });
    const call = 'POST /v1/bugs/{id}/decisions';
    const all = await eventually(
      () => Promise.resolve(spans()),
      (seen) => seen.some(({ name }) => name === call) && seen.some(({ name }) => name.startsWith('HandleUpdate')),
    );
    const { traceId } = all.find(({ name }) => name === call) ?? { traceId: '' };
    const names = (): readonly string[] =>
      spans()
        .filter((span) => span.traceId === traceId)
        .map(({ name }) => name);
    await eventually(
      () => Promise.resolve(names()),
      (seen) =>
        seen.some((name) => name.startsWith('HandleUpdate')) &&
        seen.some((name) => name === 'StartWorkflowUpdate:decide'),
    );
    expect(names()).toEqual(expect.arrayContaining([call, 'StartWorkflowUpdate:decide', 'HandleUpdate:decide']));
    const reported = spans().find(({ name }) => name === 'POST /v1/bugs')?.traceId;
    const story = spans()
      .filter((span) => span.traceId === reported)
      .map(({ name }) => name);
    expect(story).toEqual(expect.arrayContaining(['StartWorkflow:bugFixWorkflow', 'RunWorkflow:bugFixWorkflow']));
    expect(story.some((name) => name.includes('Activity:record'))).toBe(true);
    const everything = received.join('\n');
    for (const secret of ['Miller', '4111', tokenOf('ann'), tokenOf('ann').slice(3)])
      expect(everything).not.toContain(secret);
  },
  LIMIT_MS,
);

it.each(['bug-released', 'deployment-released-prod', 'environment-prod'])(
  'is switched on while bugs wait: %s, which began without it, replays with it',
  async (name) => {
    const text = await readFile(join(__dirname, '../replay/histories', `${name}.json`), 'utf8');
    const options = { workflowBundle, plugins: [tracing.plugin] };
    const history = historyFromJSON(JSON.parse(text));
    const id = history.events?.[0]?.workflowExecutionStartedEventAttributes?.workflowId ?? 'not recorded';
    await expect(Worker.runReplayHistory(options, history, id)).resolves.toBeUndefined();
  },
);

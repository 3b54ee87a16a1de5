import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Client, type WorkflowHandle } from '@temporalio/client';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { bundleWorkflowCode, DefaultLogger, Worker } from '@temporalio/worker';
import { createDataConverter } from '../../src/codec/data-converter';
import type { Encryption } from '../../src/codec/keys';
import { devServer } from '../support/environments';
import { temporaryFolder } from '../support/temporary-folder';
import { eventually } from '../e2e/town';
import { newKey, sealingWith } from './keys';
import { ask, heard, listener, say, traveller, type Acts } from './runs';

const temporal = devServer();
const LIMIT_MS = 90_000;
const QUEUE = 'sealed';
const [k1, k2] = [newKey('k1'), newKey('k2')];
const SEALED = sealingWith(k1);

let codePath: string;

/** A client as the product has it; without encryption it sees what lies in Temporal's database. */
function client(encryption: Encryption | null): Client {
  const { connection } = temporal();
  return new Client({ connection, ...(encryption && { dataConverter: createDataConverter(encryption) }) });
}

const activities: Acts = {
  echo: (text) => Promise.resolve(text),
  fail: (text) => Promise.reject(new Error(`the world said ${text}`)),
};

/** Lets a worker with these keys live while something happens. */
async function working<T>(encryption: Encryption | null, during: () => Promise<T>): Promise<T> {
  const worker = await Worker.create({
    connection: temporal().nativeConnection,
    taskQueue: QUEUE,
    activities,
    workflowBundle: { codePath },
    stickyQueueScheduleToStartTimeout: '1s',
    ...(encryption && { dataConverter: createDataConverter(encryption) }),
  });
  return worker.runUntil(during);
}

const start = (by: Client, text: string): Promise<WorkflowHandle<typeof listener>> =>
  by.workflow.start(listener, { taskQueue: QUEUE, workflowId: `run/${randomUUID()}`, args: [{ text }] });

/** The history as it lies in the database, with all bytes as text. */
async function rawHistory(workflowId: string): Promise<string> {
  const { events } = await client(null).workflow.getHandle(workflowId).fetchHistory();
  return JSON.stringify(events).replace(
    /"([A-Za-z0-9+/]{4,}={0,2})"/g,
    (_all, bytes: string) => `"${bytes}"${Buffer.from(bytes, 'base64').toString('latin1')}`,
  );
}

/** Sends a signal as somebody does who has access to the namespace and no key. */
const inject = (workflowId: string, payload: Payload): Promise<unknown> =>
  temporal().client.workflowService.signalWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId },
    signalName: say.name,
    input: { payloads: [payload] },
  });

/** Why the workflow task of a run fails, once it does. */
const standsStill = (workflowId: string): Promise<string> =>
  eventually(
    () => rawHistory(workflowId),
    (history) => history.includes('EVENT_TYPE_WORKFLOW_TASK_FAILED'),
  );

beforeAll(async () => {
  const { code } = await bundleWorkflowCode({
    workflowsPath: require.resolve('./runs'),
    payloadConverterPath: require.resolve('../../src/codec/payload-converter'),
    failureConverterPath: require.resolve('../../src/codec/failure-converter'),
    logger: new DefaultLogger('ERROR'),
  });
  codePath = join(await temporaryFolder(), 'sealed.js');
  await writeFile(codePath, code);
}, LIMIT_MS);

afterAll(() => rm(dirname(codePath), { recursive: true, force: true }));

describe('runs of a worker with a key', () => {
  it(
    'carry nothing readable into the database on any way, failures, memos and summaries too, and work as before',
    async () => {
      const text = 'CANARY-price-of-tea';
      const by = client(SEALED);
      await working(SEALED, async () => {
        const other = await start(by, text);
        const id = `run/${randomUUID()}`;
        const options = { taskQueue: QUEUE, memo: { text }, staticSummary: text, staticDetails: text };
        const back = await by.workflow.execute(traveller, {
          ...options,
          workflowId: id,
          args: [{ text, to: other.workflowId }],
        });
        expect(back).toEqual([text, text, `the world said ${text}`]);
        const fails = { text: `fail ${text}`, to: other.workflowId };
        await expect(
          by.workflow.execute(traveller, { ...options, workflowId: `${id}-2`, args: [fails] }),
        ).rejects.toMatchObject({ cause: { message: `failed with fail ${text}`, details: [`fail ${text}`] } });
        await expect(other.executeUpdate(ask, { args: ['what'] })).resolves.toBe(`what ${text}`);
        await expect(other.executeUpdate(ask, { args: [''] })).rejects.toMatchObject({
          cause: { type: 'Refused', message: `no: ${text}`, details: [text] },
        });
        await expect(other.query(heard)).resolves.toEqual([text, `fail ${text}`]);
        expect((await by.workflow.getHandle(id).describe()).memo).toEqual({ text });
        await other.signal(say, 'end');
        await other.result();
        for (const run of [id, `${id}/child`, `${id}-2`, other.workflowId]) {
          const raw = await rawHistory(run);
          expect(raw).toContain('binary/encrypted');
          expect(raw).not.toContain('CANARY');
        }
      });
    },
    LIMIT_MS,
  );

  it(
    'refuse what was copied from another run or is not sealed, live on, and hear the next true word',
    async () => {
      const by = client(SEALED);
      await working(SEALED, async () => {
        const [first, second] = [await start(by, 'first'), await start(by, 'second')];
        await first.signal(say, { verb: 'approve-prod' });
        // A signal that arrives during a task enters the history only after it.
        await eventually(
          () => first.query(heard),
          ({ length }) => length === 1,
        );
        const { events } = await client(null).workflow.getHandle(first.workflowId).fetchHistory();
        const approval = events?.flatMap(
          ({ workflowExecutionSignaledEventAttributes: signal }) => signal?.input?.payloads ?? [],
        )[0];
        await inject(second.workflowId, approval ?? {});
        await inject(second.workflowId, defaultPayloadConverter.toPayload({ verb: 'approve-prod' }));
        await inject(second.workflowId, { metadata: { encoding: Buffer.from('binary/encrypted') } });
        await second.signal(say, 'end');
        const sealedFor = `sealed for ${first.workflowId}, not for ${second.workflowId}`;
        expect(await second.result()).toEqual([
          { undecodable: expect.stringContaining(sealedFor) },
          { undecodable: expect.stringContaining('not sealed at all') },
          { undecodable: expect.stringContaining('sealed for , not for') },
          'end',
        ]);
        await first.terminate();
      });
    },
    LIMIT_MS,
  );

  it(
    'stand still when their key is gone, say so, and go on by themselves when it is back: nothing is lost with a key',
    async () => {
      const run = await working(SEALED, async () => {
        const started = await start(client(SEALED), 'kept');
        await expect(started.query(heard)).resolves.toEqual([]);
        return started;
      });
      await run.signal(say, 'end');
      await working(sealingWith(k2), async () => {
        await standsStill(run.workflowId);
      });
      const both = sealingWith(k2, [k1]);
      await working(both, async () => {
        expect(await client(both).workflow.getHandle(run.workflowId).result()).toEqual(['end']);
      });
    },
    LIMIT_MS,
  );

  it(
    'from before encryption wait for plaintext to be accepted and end well: turning it on loses nobody a bug',
    async () => {
      const run = await working(null, async () => {
        const started = await start(client(null), 'old');
        await expect(started.executeUpdate(ask, { args: ['are you'] })).resolves.toBe('are you old');
        return started;
      });
      await run.signal(say, 'end');
      await working(SEALED, async () => {
        await standsStill(run.workflowId);
      });
      const accepting = sealingWith(k1, [], 'accept');
      await working(accepting, async () => {
        expect(await client(accepting).workflow.getHandle(run.workflowId).result()).toEqual(['end']);
      });
    },
    LIMIT_MS,
  );
});

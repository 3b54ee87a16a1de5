import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { createSeats } from '../../src/api/stream';
import { listenOn } from '../../src/api/server';
import { deploymentEvents, environmentEvents, tokenOf, validatedBug } from './sample';
import { as, useWorld } from './support';

const world = useWorld();
let server: Server;
let url = '';
beforeEach(async () => {
  const limits = { feedMs: 5, streamsEach: 2 };
  server = createServer(world().restarted({ limits })).listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});

const feed = (person: string, query = '', headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
  fetch(`${url}/v1/events${query}`, { headers: { Authorization: `Bearer ${tokenOf(person)}`, ...headers } });

interface Change {
  readonly seq: number;
  readonly service: string;
  readonly words: string;
}
const changesIn = (text: string): readonly Change[] =>
  [...text.matchAll(/^data: (.*)$/gm)].map(([, data = '']) => JSON.parse(data) as Change);
const idsIn = (text: string): readonly number[] => [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));

/** Reads until so many changes have come, and hangs up. */
async function read(reply: Response, count: number): Promise<readonly Change[]> {
  const reader = reply.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  while (reader && changesIn(text.slice(0, text.lastIndexOf('\n\n') + 1)).length < count) {
    const { value, done } = await reader.read();
    if (done) break;
    text += value;
  }
  await reader?.cancel();
  return changesIn(text);
}

test('a reader hears what happens from now on, in words, as it happens', async () => {
  await world().ledger.append(validatedBug('1'));
  const reply = await feed('dev');
  expect(reply.headers.get('content-type')).toContain('text/event-stream');
  await as(world().app, 'bo').post('/v1/bugs/1/decisions', { verb: 'fail-validation', reason: 'wrong total' });
  const [change, ...rest] = await read(reply, 1);
  expect(rest).toEqual([]);
  expect(change).toMatchObject({
    ...{ seq: 5, service: 'shop', subject: 'bug/1', kind: 'bug.validation-failed', actor: 'bo', surface: 'api' },
    words: 'Validation failed: the fix comes off with the next candidate',
  });
});

test('a reader that loses the line anywhere and comes back has every event once, in order', async () => {
  const events = ['1', '2', '3'].flatMap((id) => [...validatedBug(id), ...validatedBug(id, 'zoe', 'depot')]);
  await world().ledger.append([...events, ...environmentEvents('prod'), ...deploymentEvents('shop-prod-1')]);
  const whole = idsIn(await (await feed('dev', '?after=0&follow=0')).text());
  expect(whole.length).toBeGreaterThan(15);
  const lost = fc.uniqueArray(fc.constantFrom(...whole), { maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(lost, async (cuts) => {
      let seen: readonly number[] = [];
      for (const cut of [...cuts.sort((a, b) => a - b), Number.POSITIVE_INFINITY]) {
        const headers = { 'Last-Event-ID': String(seen.at(-1) ?? 0) };
        const ids = idsIn(await (await feed('dev', '?follow=0', headers)).text());
        seen = [...seen, ...ids.filter((id) => id <= cut)];
      }
      expect(seen).toEqual(whole);
    }),
    { numRuns: 15 },
  );
});

test('nobody hears of a service that is not theirs, and a filter narrows it further', async () => {
  await world().ledger.append([...validatedBug('1'), ...validatedBug('1', 'zoe', 'depot')]);
  const services = async (person: string, query = ''): Promise<readonly string[]> => {
    const text = await (await feed(person, `?after=0&follow=0${query}`)).text();
    return [...new Set(changesIn(text).map(({ service }) => service))];
  };
  expect(await services('dev')).toEqual(['shop']);
  expect(await services('zoe')).toEqual(['depot']);
  expect(await services('bo')).toEqual(['shop', 'depot']);
  expect(await services('bo', '&service=depot')).toEqual(['depot']);
  expect((await feed('dev', '?service=depot')).status).toBe(403);
});

test('one person cannot take the streams of all: the third of two is refused, and a place comes free again', async () => {
  const open = [await feed('dev'), await feed('dev')];
  expect((await feed('dev')).status).toBe(429);
  const other = await feed('bo');
  expect(other.status).toBe(200);
  for (const reply of [...open, other]) await reply.body?.cancel();
  for (;;) {
    const reply = await feed('dev');
    await reply.body?.cancel();
    if (reply.status === 200) break;
  }
});

test('all streams together have an end, too', () => {
  const seats = createSeats(2, 2);
  const leave = seats.take('ann');
  seats.take('bo');
  expect(() => seats.take('dev')).toThrow('open already');
  leave();
  expect(() => seats.take('dev')).not.toThrow();
});

test('an API that is stopped ends its streams, instead of waiting for them', async () => {
  const api = await listenOn(world().restarted(), { host: '127.0.0.1', port: 0 });
  const reply = await fetch(`${api.url}/v1/events`, { headers: { Authorization: `Bearer ${tokenOf('dev')}` } });
  const ended = reply.text().then(
    () => 'ended',
    () => 'cut',
  );
  await api.stop();
  expect(['ended', 'cut']).toContain(await ended);
});

/** Whoever floods the API is stopped before it works for them, and everybody else goes on (6-faults abuses 26 and 35). */
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import request from 'supertest';
import { z } from 'zod';
import { listenOn } from '../../src/api/server';
import { operations } from '../../src/api/operations';
import { createFigures } from '../../src/wiring/figures';
import { askedEvents, tokenOf, validatedBug } from '../api/sample';
import { answerOf, as, pathOf, useWorld } from '../api/support';

const world = useWorld();

test('one address is stopped before its tokens are looked up: guessing costs the ledger nothing', async () => {
  let looked = 0;
  const { ledger } = world();
  const counting = { ...ledger, token: () => ((looked += 1), Promise.resolve(null)) };
  const app = world().restarted({ ledger: counting, limits: { perMinute: 2 } });
  const statuses: number[] = [];
  for (let count = 0; count < 14; count++) {
    const call = request(app)
      .get('/v1/inbox')
      .set('Authorization', `Bearer ${tokenOf(`guess ${count}`)}`);
    statuses.push((await answerOf(call)).status);
  }
  expect(statuses.slice(-4)).toEqual([429, 429, 429, 429]);
  expect(looked).toBeLessThanOrEqual(10);
});

test('a body is refused by its size before it is parsed, and a stranger’s is not read at all', async () => {
  const huge = Buffer.alloc(2 * 1024 * 1024, 'x');
  const send = (token: string | null) => {
    const call = request(world().app).post('/v1/bugs').set('Content-Type', 'application/json');
    return answerOf((token === null ? call : call.set('Authorization', `Bearer ${token}`)).send(huge.toString()));
  };
  expect((await send(tokenOf('dev'))).status).toBe(413);
  expect((await send(null)).status).toBe(401);
});

test('an abort goes through while half-open connections and a flood stand at the door', async () => {
  await world().ledger.append([...validatedBug('1'), ...askedEvents('shop-prod-2')]);
  const app = world().restarted({ limits: { perMinute: 300 } });
  const server: Server = createServer(app).listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  const { port } = server.address() as AddressInfo;
  const sockets: Socket[] = [];
  try {
    for (let count = 0; count < 200; count++) {
      const socket = connect(port, '127.0.0.1').on('error', () => undefined);
      socket.write('POST /v1/bugs HTTP/1.1\r\nHost: x\r\nContent-Le');
      sockets.push(socket);
    }
    const authorization = { Authorization: `Bearer ${tokenOf('dev')}` };
    const flood = Array.from({ length: 400 }, () =>
      fetch(`http://127.0.0.1:${port}/v1/reports`, { headers: authorization }).then((reply) => reply.body?.cancel()),
    );
    const abort = await fetch(`http://127.0.0.1:${port}/v1/deployments/shop-prod-2/decisions`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${tokenOf('ann')}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ verb: 'abort' }),
    });
    expect(abort.status).toBe(200);
    await Promise.all(flood);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
});

test('a page is never longer than a hundred, whichever list is asked', async () => {
  const lists = operations.filter(({ query }) => query instanceof z.ZodObject && 'limit' in query.shape);
  expect(lists.length).toBeGreaterThan(5);
  for (const operation of lists) {
    const path = pathOf(operation, { limit: '101' });
    expect([path, (await as(world().app, 'ann').get(path)).status]).toEqual([path, 422]);
  }
});

test('no answer tells a stranger which product of which version answers', async () => {
  const api = await listenOn(world().restarted({ registry: createFigures().registry }), { host: '127.0.0.1', port: 0 });
  try {
    const { version } = jest.requireActual<{ version: string }>('../../package.json');
    for (const path of ['/healthz', '/readyz', '/metrics', '/openapi.json', '/v1/bugs', '/nowhere']) {
      const reply = await fetch(`${api.url}${path}`);
      const said = `${JSON.stringify([...reply.headers])}${await reply.text()}`;
      expect([path, said.includes(`"${version}"`), said.includes(process.version)]).toEqual([path, false, false]);
      expect([reply.headers.get('server'), reply.headers.get('x-powered-by')]).toEqual([null, null]);
    }
  } finally {
    await api.stop();
  }
});

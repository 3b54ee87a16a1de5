import { createServer } from 'node:net';
import { freePort } from '../../src/temporal/ports';
import { startHealth, type Health } from '../../src/wiring/health';

const opened: Health[] = [];
afterEach(() => Promise.all(opened.splice(0).map((health) => health.stop())));

const answers = (): Promise<void> => Promise.resolve();
const fails = (): Promise<void> => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.7:5432 as secret'));

async function ask(probes: Parameters<typeof startHealth>[1], path: string) {
  const port = await freePort(null);
  opened.push(await startHealth(port, probes));
  const answer = await fetch(`http://127.0.0.1:${port}${path}`);
  return { status: answer.status, text: await answer.text() };
}

test('a worker that lost its ledger is seen by its health check: not ready, with who is missing and no address', async () => {
  const { status, text } = await ask({ Temporal: answers, 'The ledger': fails }, '/readyz');
  expect({ status, body: JSON.parse(text) }).toEqual({
    status: 503,
    body: {
      ready: false,
      checks: {
        Temporal: { ok: true, detail: 'Temporal answers.' },
        'The ledger': { ok: false, detail: 'The ledger does not answer.' },
      },
    },
  });
  expect(text).not.toMatch(/10\.0\.0\.7|secret/);
});

test('a worker that works is ready, and it lives also while it is not', async () => {
  expect((await ask({ Temporal: answers }, '/readyz')).status).toBe(200);
  expect((await ask({ Temporal: fails }, '/healthz')).status).toBe(200);
  expect((await ask({ Temporal: answers }, '/metrics')).status).toBe(404);
});

test('a port that somebody else has is named with the variable that moves it', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as { port: number };
  await expect(startHealth(port, {})).rejects.toThrow(`port ${port}`);
  await expect(startHealth(port, {})).rejects.toThrow('TIDEGATE_HEALTH_PORT');
  await new Promise((resolve) => other.close(resolve));
});

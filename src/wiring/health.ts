/** What a worker tells the health check of its own machine or container; the API has routes of its own for that. */
import { createServer, type ServerResponse } from 'node:http';
import { Registry } from 'prom-client';
import { TidegateFailure } from '../domain/failures';

/** A probe that takes longer counts as no answer. */
const PROBE_MS = 3_000;

/** What must answer, by the name that people read. */
export type Probes = Readonly<Record<string, () => Promise<void>>>;

export interface HealthOptions {
  /** By default loopback; another address where a Prometheus elsewhere must reach it. */
  readonly host?: string;
  /** The figures of the process as Prometheus text; absent: there are none. */
  readonly metrics?: () => Promise<string>;
}

export interface Health {
  stop(): Promise<void>;
}

/** `/healthz`, `/readyz` and `/metrics`, shaped like the API's; null: nowhere. @throws BadPlan when the port is taken */
export async function startHealth(
  port: number | null,
  probes: Probes,
  { host = '127.0.0.1', metrics }: HealthOptions = {},
): Promise<Health> {
  if (port === null) return { stop: () => Promise.resolve() };
  const server = createServer(({ url }, response) => {
    if (url === '/healthz') answer(response, 200, { status: 'ok' });
    else if (url === '/readyz')
      void readiness(probes).then((found) => answer(response, found.ready ? 200 : 503, found));
    else if (url === '/metrics' && metrics) void show(response, metrics);
    else answer(response, 404, { status: 'not found' });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      const sentence = `The health check cannot listen on port ${port} (${error.message}): set TIDEGATE_HEALTH_PORT to a free one.`;
      reject(new TidegateFailure('BadPlan', sentence));
    });
    server.listen(port, host, resolve);
  });
  return {
    async stop() {
      const gone = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await gone;
    },
  };
}

/** Says no more than who does not answer: the reason may hold addresses. */
async function readiness(probes: Probes) {
  const checks = await Promise.all(
    Object.entries(probes).map(async ([what, ping]) => {
      const ok = await inTime(ping);
      return [what, { ok, detail: `${what} ${ok ? 'answers' : 'does not answer'}.` }] as const;
    }),
  );
  return { ready: checks.every(([, { ok }]) => ok), checks: Object.fromEntries(checks) };
}

async function inTime(ping: () => Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), PROBE_MS);
  });
  const found = ping().then(
    () => true,
    () => false,
  );
  return Promise.race([found, late]).finally(() => clearTimeout(timer));
}

async function show(response: ServerResponse, metrics: () => Promise<string>): Promise<void> {
  try {
    const text = await metrics();
    response.writeHead(200, { 'content-type': Registry.PROMETHEUS_CONTENT_TYPE }).end(text);
  } catch {
    answer(response, 503, { status: 'the figures cannot be read' });
  }
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`);
}

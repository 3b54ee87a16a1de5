/** Whether the process lives, whether it can work, and its figures; open to everyone who can reach the port. */
import { z } from 'zod';
import { environmentQueue, MAIN_QUEUE } from '../../domain/ids';
import { json, operation, type ApiDeps, type Operation } from '../operation';

/** A probe that takes longer counts as no answer. */
const PROBE_MS = 3_000;

const healthSchema = z.object({ status: z.literal('ok') }).meta({ id: 'Health' });
const checkSchema = z.object({ ok: z.boolean(), detail: z.string() });
const readinessSchema = z
  .object({
    ready: z.boolean(),
    checks: z.object({ temporal: checkSchema, ledger: checkSchema, workers: checkSchema }),
  })
  .meta({ id: 'Readiness' });

const healthz = operation({
  id: 'healthz',
  method: 'get',
  path: '/healthz',
  tag: 'Service',
  summary: 'The process lives',
  access: 'public',
  answers: { 200: { description: 'It does', schema: healthSchema } },
  problems: [],
  example: {},
  handle: () => Promise.resolve(json(200, { status: 'ok' })),
});

const readyz = operation({
  id: 'readyz',
  method: 'get',
  path: '/readyz',
  tag: 'Service',
  summary: 'Temporal and the ledger can be reached',
  access: 'public',
  answers: {
    200: { description: 'Ready', schema: readinessSchema },
    503: { description: 'Not ready, and what is missing', schema: readinessSchema },
  },
  problems: [],
  example: {},
  handle: async ({ deps }) => {
    const [temporal, ledger] = await Promise.all([
      probe('Temporal', () => deps.conductor.ping()),
      probe('The ledger', () => deps.ledger.ping()),
    ]);
    const workers = temporal.ok ? await attendance(deps) : { ok: false, detail: 'Only Temporal could tell.' };
    // Decisions are taken without workers, too: they wait.
    const ready = temporal.ok && ledger.ok;
    return json(ready ? 200 : 503, { ready, checks: { temporal, ledger, workers } });
  },
});

/** How many queues have nobody; which ones is for people with a token. */
async function attendance({ queues, services }: ApiDeps): Promise<z.infer<typeof checkSchema>> {
  const names = services.flatMap(({ policy: { service, ladder } }) =>
    ladder.map((env) => environmentQueue(service, env)),
  );
  const all = [MAIN_QUEUE, ...names];
  const since = await Promise.all(all.map(async (name) => (await queues?.idleSince(name)) ?? null));
  const idle = since.filter((each) => each !== null).length;
  const detail = idle === 0 ? 'Every queue has a worker.' : `${idle} of ${all.length} queues have no worker.`;
  return { ok: idle === 0, detail };
}

/** Says no more than who does not answer: the reason may hold addresses, and anybody may ask. */
async function probe(what: string, ping: () => Promise<void>): Promise<z.infer<typeof checkSchema>> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('late')), PROBE_MS);
  });
  try {
    await Promise.race([ping(), late]);
    return { ok: true, detail: `${what} answers.` };
  } catch {
    return { ok: false, detail: `${what} does not answer.` };
  } finally {
    clearTimeout(timer);
  }
}

const metrics = operation({
  id: 'metrics',
  method: 'get',
  path: '/metrics',
  tag: 'Service',
  summary: 'Figures of the process for Prometheus',
  access: 'public',
  answers: { 200: { description: 'Prometheus text', text: ['text/plain'] } },
  problems: [],
  example: {},
  handle: async ({ deps: { registry } }) => ({
    kind: 'text',
    type: registry.contentType,
    text: await registry.metrics(),
  }),
});

export const healthOperations: readonly Operation[] = [healthz, readyz, metrics];

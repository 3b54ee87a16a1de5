import type { Express } from 'express';
import request from 'supertest';
import { z } from 'zod';
import { expressPath } from '../../src/api/mount';
import type { Operation } from '../../src/api/operation';
import { operations } from '../../src/api/operations';
import { as, useWorld } from './support';
import { askedEvents, deploymentEvents, environmentEvents, validatedBug, tokenEvents } from './sample';

const world = useWorld();

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentedOperation>>>>;
}
interface DocumentedOperation {
  readonly operationId: string;
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, unknown>> }>>;
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly example?: unknown }[];
  readonly requestBody?: { readonly content: { readonly 'application/json': { readonly example: unknown } } };
}

const documentOf = async (app: Express): Promise<Document> =>
  (await request(app).get('/openapi.json')).body as Document;

/** Routes as express really has them; the catch-alls that answer 405 are not calls. */
function routesOf(app: Express): readonly string[] {
  const stack = app.router.stack as unknown as readonly {
    readonly route?: { readonly path: string; readonly methods: Readonly<Record<string, boolean>> };
  }[];
  return stack.flatMap(({ route }) => {
    if (!route) return [];
    return Object.keys(route.methods)
      .filter((method) => ['get', 'post', 'put', 'patch', 'delete'].includes(method))
      .map((method) => `${method} ${route.path}`);
  });
}

test('every route stands in the document and every call of the document has a route', async () => {
  const { app } = world();
  const document = await documentOf(app);
  const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${expressPath(path)}`),
  );
  const routes = routesOf(app).filter((route) => route !== 'get /openapi.json');
  expect(document.openapi).toBe('3.1.0');
  expect([...routes].sort()).toEqual([...documented].sort());
  expect(documented.length).toBe(operations.length);
});

const named = operations.map((operation) => [`${operation.method} ${operation.path}`, operation] as const);

test.each(named)(
  '%s answers its documented example with a documented answer of the documented shape',
  async (_name, operation) => {
    const seeds = [...validatedBug('11'), ...deploymentEvents('shop-prod-1'), ...environmentEvents('prod')];
    await world().ledger.append([...askedEvents('shop-prod-2'), ...tokenEvents('6b6f1d2a9c3b')]);
    await world().ledger.append(seeds);
    await as(world().app, 'dev').post('/v1/bugs', { service: 'shop', title: 'x', severity: 'low', foundIn: 'prod' });
    const documented = (await documentOf(world().app)).paths[operation.path]?.[operation.method];
    if (!documented) throw new Error('not in the document');
    const reply = await callExample(world().app, operation, documented);
    expect([reply.status, reply.text]).toEqual([expect.any(Number), expect.any(String)]);
    expect(reply.status).toBeLessThan(300);
    const answer = operation.answers[reply.status];
    if (!answer) throw new Error(`${reply.status} is not documented`);
    const types = Object.keys(documented.responses[String(reply.status)]?.content ?? {});
    expect(types).toContain((reply.headers['content-type'] ?? '').split(';')[0]);
    if (answer.schema) expect(answer.schema.safeParse(reply.body).error?.issues ?? []).toEqual([]);
  },
);

function callExample(app: Express, operation: Operation, documented: DocumentedOperation) {
  const { params = {}, query } = operation.example;
  const path = operation.path.replace(/\{(\w+)\}/g, (_all, name: string) => params[name] ?? '');
  const url = query === undefined ? path : `${path}?${new URLSearchParams(query).toString()}`;
  const body = documented.requestBody?.content['application/json'].example;
  return operation.method === 'get' ? as(app, 'ann').get(url) : as(app, 'ann').post(url, body);
}

test('every call says what its problems look like', async () => {
  const { paths } = await documentOf(world().app);
  for (const { access, method, path } of operations) {
    const responses = paths[path]?.[method]?.responses ?? {};
    const statuses = access === 'public' ? ['429'] : ['400', '401', '429', '503'];
    for (const status of statuses) {
      expect([path, status, Object.keys(responses[status]?.content ?? {})]).toEqual([
        path,
        status,
        ['application/problem+json'],
      ]);
    }
  }
});

test('the page at /docs loads the document without a script in the page', async () => {
  const page = await request(world().app).get('/docs/');
  expect(page.status).toBe(200);
  expect(page.text).not.toMatch(/<script(?![^>]*\bsrc=)[^>]*>\s*[^<\s]/);
  expect(page.headers['content-security-policy']).toContain("script-src 'self'");
  const script = await request(world().app).get('/docs/swagger-ui-init.js');
  expect(script.text).toContain('/openapi.json');
});

test('every body that people send refuses keys that it does not know', () => {
  const bodies = operations.flatMap(({ body }) => (body ? [body] : []));
  expect(bodies.length).toBeGreaterThan(3);
  for (const body of bodies) {
    const issues = body.safeParse({ nobodyKnowsThis: 1 }).error?.issues ?? [];
    expect(issues.map(({ code }) => code)).toContain('unrecognized_keys');
    expect(body).toBeInstanceOf(z.ZodObject);
  }
});

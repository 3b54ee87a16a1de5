/** An app on a real SQLite ledger, ready for requests, gone after each test. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Express } from 'express';
import request from 'supertest';
import { createApp, type AppOptions } from '../../src/api/app';
import type { ApiService } from '../../src/api/auth';
import type { Operation } from '../../src/api/operation';
import { createLogger } from '../../src/api/logger';
import { openLedger } from '../../src/ledger/open-ledger';
import type { Ledger } from '../../src/ports/ledger';
import type { Reports } from '../../src/ports/reports';
import { SIGNER } from '../support/signing';
import { temporaryFolder } from '../support/temporary-folder';
import { createConductorDouble, type ConductorDouble } from './conductor-double';
import { AT, DEPOT, SHOP, tokenOf } from './sample';

export const REPORT = 'release_1.4.3_prod_2026-11-20-2200';

/** A report of the depot, which has a folder of its own. */
export const DEPOT_REPORT = 'release_2.0.0_prod_2026-11-19-2200';

const reportsOf = (service: string): Pick<Reports, 'list' | 'read'> => {
  const kept = service === 'shop' ? REPORT : DEPOT_REPORT;
  const version = service === 'shop' ? '1.4.3' : '2.0.0';
  return {
    list: () => Promise.resolve([{ name: kept, at: AT }]),
    read: (name, format) =>
      Promise.resolve(name === kept ? (format === 'md' ? `# Released ${version}\n` : '{"verdict":"Released"}') : null),
  };
};

export interface World {
  readonly folder: string;
  readonly ledger: Ledger;
  readonly conductor: ConductorDouble;
  readonly app: Express;
  /** Another app on the same ledger, as after a restart. */
  restarted(options?: Partial<AppOptions>): Express;
}

export async function createWorld(options: Partial<AppOptions> = {}): Promise<World & { close(): Promise<void> }> {
  const folder = await temporaryFolder();
  const ledger = await openLedger(join(folder, 'ledger.db'));
  const services: readonly ApiService[] = options.services ?? [SHOP, DEPOT];
  const conductor = createConductorDouble(
    ledger,
    services.map(({ policy }) => policy),
  );
  const restarted = (more: Partial<AppOptions> = {}): Express =>
    createApp({
      ...{ services, ledger, conductor, signer: SIGNER, reportsOf, calendars: null, now: () => AT },
      links: { temporalUi: 'http://127.0.0.1:8233/namespaces/default', board: null },
      logger: createLogger('silent'),
      ...options,
      ...more,
      limits: { recordedWithinMs: 200, pollMs: 10, ...options.limits, ...more.limits },
    });
  const close = async (): Promise<void> => {
    await ledger.close();
    await rm(folder, { recursive: true, force: true });
  };
  return { folder, ledger, conductor, app: restarted(), restarted, close };
}

/** A world of its own for each test, or one for all tests of the file where they do not disturb each other. */
export function useWorld(per: 'test' | 'file' = 'test'): () => World {
  let world: Awaited<ReturnType<typeof createWorld>> | null = null;
  const [before, after] = per === 'test' ? [beforeEach, afterEach] : [beforeAll, afterAll];
  before(async () => {
    world = await createWorld();
  });
  after(() => world?.close());
  return () => {
    if (world === null) throw new Error('ask for the world inside a test');
    return world;
  };
}

/** What a test reads of an answer, whichever call it was; what a call does not have is undefined. */
export interface Body {
  readonly id: string;
  readonly title: string;
  readonly code: string;
  readonly detail: string;
  readonly requestId: string;
  readonly errors: unknown;
  readonly possible: unknown;
  readonly items: readonly Row[];
  readonly next: string | null;
  readonly holds: unknown;
  readonly blockedBy: unknown;
  readonly ready: unknown;
  readonly checks: unknown;
}
export interface Row {
  readonly id: string;
  readonly name: string;
  readonly title: string;
  readonly status: number;
  readonly service: string;
  readonly env: string;
  readonly running: { readonly version: string } | null;
  readonly verbs: readonly { readonly verb: string }[];
  readonly problem: { readonly code: string } | null;
}
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly body: Body;
}

/** The answer to a request, with types. */
export async function answerOf(call: request.Test): Promise<Reply> {
  const { status, headers, text, body } = await call;
  return { status, headers: headers, text, body: body as Body };
}

/** The path of an operation with the values of its example, and more of a query. */
export function pathOf({ path, example }: Operation, query: Readonly<Record<string, string>> = {}): string {
  const filled = path.replace(/\{(\w+)\}/g, (_all, name: string) => example.params?.[name] ?? '');
  const search = new URLSearchParams({ ...example.query, ...query }).toString();
  return search === '' ? filled : `${filled}?${search}`;
}

/** Requests as one person. */
export function as(app: Express, person: string) {
  const authorization = `Bearer ${tokenOf(person)}`;
  return {
    get: (path: string) => answerOf(request(app).get(path).set('Authorization', authorization)),
    post: (path: string, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
      answerOf(
        request(app)
          .post(path)
          .set('Authorization', authorization)
          .set(headers)
          .send(body as object),
      ),
  };
}

export const NEW_BUG = {
  service: 'shop',
  title: 'Checkout shows the wrong total',
  severity: 'medium',
  foundIn: 'prod',
};

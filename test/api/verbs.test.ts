/**
 * Every verb × role × surface, each sent to the real app: no door of the house lets through what another one refuses
 * (6-faults abuse 1; Kargo GHSA-5vvm-67pj-72g4, CVE-2026-27112).
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ApiService } from '../../src/api/auth';
import type { LedgerEvent } from '../../src/domain/events';
import { bugSubject, deploymentSubject, environmentSubject } from '../../src/domain/ids';
import { SURFACES, type Role, type Surface } from '../../src/domain/people';
import { BUG_VERBS, DEPLOYMENT_VERBS, ENVIRONMENT_VERBS } from '../../src/domain/verbs';
import { askedEvents, DEPOT, environmentEvents, HEAD, PEOPLE, person, SHOP, tokenOf, validatedBug } from './sample';
import { useWorld } from './support';

const world = useWorld('file');
const STAFF = [...PEOPLE, person('cat', 'cto'), person('ope', 'operator')];
const services: readonly ApiService[] = [{ ...SHOP, people: STAFF }, DEPOT];

let server: Server;
let url = '';
beforeAll(async () => {
  const app = world().restarted({ services, limits: { perMinute: 10_000, perRunMinute: 10_000 } });
  server = createServer(app).listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});

interface Row {
  /** Who may; everybody else is refused with 403. */
  readonly roles: readonly Role[];
  readonly body?: object;
  /** What has happened before, so that the verb is possible; the reporter and fix's author are none of those who may. */
  readonly before: (name: string, cell: Cell) => readonly LedgerEvent[];
}

const reported = (id: string): readonly LedgerEvent[] => validatedBug(id).slice(0, 1);
const blocked = (id: string): readonly LedgerEvent[] => {
  const [first, confirmed, planned] = validatedBug(id);
  if (!first || !confirmed || !planned) throw new Error('a validated bug has a history');
  const why = { what: 'the build is red', whoCanLift: 'anybody', files: [] };
  return [first, confirmed, planned, { ...planned, id: `${planned.id}-blocked`, kind: 'bug.blocked', data: why }];
};
const BOSSES: readonly Role[] = ['admin', 'manager'];
const WHY = { reason: 'because' };

/** One row per verb: a verb without one fails the test below. */
const BUGS: Readonly<Record<string, Row>> = {
  confirm: { roles: BOSSES, before: reported },
  reject: { roles: BOSSES, before: reported, body: WHY },
  'attach-fix': { roles: [...BOSSES, 'senior', 'developer'], before: reported, body: { ref: 'fix/1' } },
  'approve-prod': { roles: BOSSES, before: (id) => validatedBug(id), body: { sha: HEAD } },
  'fail-validation': { roles: BOSSES, before: (id) => validatedBug(id), body: WHY },
  retry: { roles: [...BOSSES, 'senior', 'developer', 'operator'], before: blocked },
  // Its reporter's own.
  withdraw: { roles: ['developer'], before: reported },
  close: { roles: BOSSES, before: reported, body: WHY },
};
const DEPLOYMENTS: Readonly<Record<string, Row>> = {
  continue: { roles: BOSSES, before: askedEvents },
  extend: { roles: BOSSES, before: askedEvents, body: { minutes: 5 } },
  rollback: { roles: [...BOSSES, 'senior', 'operator'], before: askedEvents, body: WHY },
  take: { roles: [...BOSSES, 'senior', 'operator'], before: askedEvents },
  abort: { roles: [...BOSSES, 'senior', 'operator'], before: askedEvents },
};
const held = (_name: string, { id, who }: Cell): readonly LedgerEvent[] =>
  environmentEvents('uat', [{ kind: 'environment.held', data: {} }]).map((event) => ({
    ...event,
    ...(event.kind === 'environment.held' && { id: `${event.id}-${id}`, actor: who }),
  }));
const ENVIRONMENTS: Readonly<Record<string, Row>> = {
  hold: { roles: BOSSES, before: () => environmentEvents('prod'), body: WHY },
  resume: { roles: BOSSES, before: held },
  recheck: { roles: BOSSES, before: () => environmentEvents('prod') },
};

interface Cell {
  readonly who: string;
  readonly surface: Surface;
  readonly id: string;
  readonly status: number;
}
let lastId = 100;

const cellsOf = (roles: readonly Role[], surfaces: readonly Surface[] = SURFACES): readonly Cell[] =>
  STAFF.flatMap(({ id: who, roles: own }) =>
    surfaces.map((surface) => {
      lastId += 1;
      const status = own.some((role) => roles.includes(role)) ? 200 : 403;
      return { who, surface, id: String(lastId), status };
    }),
  );

interface Answer {
  readonly status: number;
  readonly code: string | null;
  readonly detail: string | null;
}

async function post({ who, surface }: Cell, path: string, body: object): Promise<Answer & { readonly body: unknown }> {
  const headers = {
    ...{ Authorization: `Bearer ${tokenOf(who)}`, 'X-Tidegate-Surface': surface },
    'Content-Type': 'application/json',
  };
  const reply = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  const answer = (await reply.json()) as { readonly code?: string; readonly detail?: string };
  return { status: reply.status, code: answer.code ?? null, detail: answer.detail ?? null, body: answer };
}

/** Who did it from where, as the record has it: nobody becomes a bot, the board or Temporal's operator by saying so. */
async function expectRecorded({ who, surface, status }: Cell, subject: string): Promise<void> {
  const last = (await world().ledger.timeline('shop', subject, 1)).at(-1)?.event;
  expect(last).toMatchObject({ actor: who, surface: surface === 'cli' ? 'cli' : 'api' });
  expect(last?.kind === 'decision.refused').toBe(status === 403);
}

async function walk(verb: string, row: Row, noun: { path(id: string): string; subject(id: string): string }) {
  for (const cell of cellsOf(row.roles)) {
    const subject = noun.subject(cell.id);
    await world().ledger.append(row.before(subject.slice(subject.indexOf('/') + 1), cell));
    const { status, code } = await post(cell, `${noun.path(cell.id)}/decisions`, { verb, ...row.body });
    expect({ ...cell, verb, status, code }).toEqual({
      ...{ ...cell, verb },
      code: cell.status === 200 ? null : 'not-allowed',
    });
    await expectRecorded(cell, subject);
  }
}

test('no verb is without a row that says who may use it', () => {
  const rows = [BUGS, DEPLOYMENTS, ENVIRONMENTS].map((table) => Object.keys(table).sort());
  expect(rows).toEqual([BUG_VERBS, DEPLOYMENT_VERBS, ENVIRONMENT_VERBS].map((verbs) => [...verbs].sort()));
});

test.each(Object.entries(BUGS))('%s of a bug is open to the same people by every surface', (verb, row) =>
  walk(verb, row, { path: (id) => `/v1/bugs/${id}`, subject: bugSubject }),
);

test.each(Object.entries(DEPLOYMENTS))('%s of a deployment is open to the same people by every surface', (verb, row) =>
  walk(verb, row, {
    path: (id) => `/v1/deployments/shop-prod-${id}`,
    subject: (id) => deploymentSubject(`shop-prod-${id}`),
  }),
);

test.each(Object.entries(ENVIRONMENTS))(
  '%s of an environment is open to the same people by every surface',
  (verb, row) =>
    walk(verb, row, {
      path: () => `/v1/environments/shop/${verb === 'resume' ? 'uat' : 'prod'}`,
      subject: () => environmentSubject(verb === 'resume' ? 'uat' : 'prod'),
    }),
);

test('a batch lets through and refuses what a single decision does, in the same words', async () => {
  const row = BUGS['approve-prod'];
  if (!row) throw new Error('approve-prod has a row');
  for (const cell of cellsOf(row.roles, ['api', 'cli', 'temporal-ui'])) {
    const other = String(++lastId);
    // The same number of digits and the same history: the sentences differ in the number alone.
    await world().ledger.append([...validatedBug(cell.id), ...validatedBug(other)]);
    const single = await post(cell, `/v1/bugs/${cell.id}/decisions`, { verb: 'approve-prod', sha: HEAD });
    const batch = await post(cell, '/v1/decisions', { verb: 'approve-prod', ids: [other] });
    const [item] = (batch.body as { items: readonly { status: number; problem: Answer | null }[] }).items;
    expect([cell, single.status]).toEqual([cell, cell.status]);
    expect(item).toMatchObject({ status: single.status });
    const sentence = item?.problem?.detail?.replaceAll(other, cell.id) ?? null;
    expect([item?.problem?.code ?? null, sentence]).toEqual([single.code, single.detail]);
    await expectRecorded(cell, bugSubject(other));
  }
});

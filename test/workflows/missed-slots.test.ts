/** X-19 in real time: the workers are really gone when a slot comes, and come back after it. */
import type { Booking } from '../../src/domain/bug';
import { devServer } from '../support/environments';
import { fixOf } from './scripted-ports';
import { startWorld, testPolicy } from './world';

const SOON_MS = 5_000;
const WIDE_MS = 600_000;
const NARROW_MS = 1_000;
const DAY_MS = 86_400_000;

const world = startWorld(testPolicy(), () => undefined, devServer);

/** The slot comes in a few seconds, and again tomorrow. */
function soon(kind: 't1' | 't2', graceMs: number): void {
  const { script } = world();
  const at = new Date(Date.now() + SOON_MS).toISOString().slice(11, 19);
  script.calendar = { ...script.calendar, [kind]: { ...script.calendar[kind], at, graceMs } };
}

/** Nobody is there when the slot comes, and for so long after it. */
async function sleptThrough(bug: string, afterMs: number): Promise<Booking & { readonly at: number }> {
  const { booking } = await world().bug(bug);
  if (booking?.at == null) throw new Error(`bug ${bug} waits for no slot`);
  const { at } = booking;
  await world().downWhile(() => new Promise((resolve) => setTimeout(resolve, at + afterMs - Date.now())));
  return { ...booking, at };
}

async function confirmedForT1(bug: string, graceMs: number): Promise<void> {
  await world().report(bug);
  soon('t1', graceMs);
  await world().decide(bug, 'confirm', 'ann');
}

async function approvedForT2(bug: string, graceMs: number): Promise<void> {
  soon('t2', graceMs);
  await world().decide(bug, 'approve-prod', 'bo', { sha: fixOf(bug).head });
  await world().eventually(
    'production waits for its T2',
    async () => (await world().ledger.environment('shop', 'prod'))?.slot != null,
  );
}

const becomes = (bug: string, status: string) =>
  world().eventually(`bug ${bug} is ${status}`, async () => (await world().bug(bug)).status === status);
const uatFollows = (version: string) =>
  world().eventually(
    'UAT stands on what production runs',
    async () => (await world().ledger.environment('shop', 'uat'))?.running?.base.version === version,
  );
const movedTo = (bug: string, at: number) =>
  world().eventually(`bug ${bug} was moved`, async () => (await world().bug(bug)).booking?.at === at);
const told = (bug: string, label: string | null, why: string) =>
  world().eventually('people are told when it leaves now, and why', () =>
    world().script.told.some((text) =>
      [`#${bug} `, `Leaves ${label ?? ''}`, why].every((words) => text.includes(words)),
    ),
  );
const moves = async (bug: string) =>
  (await world().ledger.timeline('shop', `bug/${bug}`, 100)).filter(({ event }) => event.kind === 'bug.moved');

it('runs a T1 and a T2 that came while Tidegate was down when it is back within their grace: no night is lost', async () => {
  await confirmedForT1('1', WIDE_MS);
  await sleptThrough('1', 500);
  await becomes('1', 'deployed_uat');
  await approvedForT2('1', WIDE_MS);
  await sleptThrough('1', 500);
  await becomes('1', 'deployed_prod');
  await uatFollows('1.4.3');
  expect(await moves('1')).toEqual([]);
});

it('moves a T1 that was missed beyond its grace to the next night and tells everybody: nothing is deployed at odd hours', async () => {
  await confirmedForT1('2', NARROW_MS);
  const missed = await sleptThrough('2', NARROW_MS + 500);
  await movedTo('2', missed.at + DAY_MS);
  const { status, booking } = await world().bug('2');
  expect({ status, slot: booking?.slot }).toEqual({ status: 'confirmed', slot: 'T1' });
  await told('2', booking?.label ?? null, `T1 of ${missed.label ?? ''} was missed by more than its grace`);
  expect(world().script.built.some(({ passengers }) => passengers.some(({ bug }) => bug === '2'))).toBe(false);
});

it('moves a T2 that was missed beyond its grace to the next night, keeps the approval, and tells everybody', async () => {
  await confirmedForT1('3', WIDE_MS);
  await becomes('3', 'deployed_uat');
  await approvedForT2('3', NARROW_MS);
  const missed = await sleptThrough('3', NARROW_MS + 500);
  await movedTo('3', missed.at + DAY_MS);
  const { status, booking, approvals } = await world().bug('3');
  expect({ status, slot: booking?.slot, votes: approvals.length }).toEqual({
    status: 'pending_prod',
    slot: 'T2',
    votes: 1,
  });
  await told('3', booking?.label ?? null, 'was missed, and its grace is over');
  expect((await world().ledger.environment('shop', 'prod'))?.queue).toHaveLength(1);
});

import type { Conductor } from '../../src/client/conductor';
import { attest } from '../../src/domain/signed';
import type { BugDecision } from '../../src/domain/verbs';
import { verifyEd25519 } from '../../src/drivers/ed25519/keys';
import { SIGNER } from '../support/signing';
import { AT, HEAD, validatedBug } from './sample';
import { as, createWorld, useWorld } from './support';

const world = useWorld();
beforeEach(() => world().ledger.append(validatedBug('1')));

test('what leaves the API is signed for this bug as it stands, so that nobody behind it must be believed', async () => {
  const state = await world().ledger.bug('shop', '1');
  const sent: BugDecision[] = [];
  const conductor: Conductor = {
    ...world().conductor,
    decideBug(service, bug, decision) {
      sent.push(decision);
      return world().conductor.decideBug(service, bug, decision);
    },
  };
  const app = world().restarted({ conductor });
  const reply = await as(app, 'bo').post('/v1/bugs/1/decisions', { verb: 'approve-prod', sha: HEAD });
  expect(reply.status).toBe(200);
  const gate = { workflow: 'bug/shop/1', round: state?.statusAt ?? 0, revision: 'r1', signers: [SIGNER.publicKey] };
  expect(sent.map((decision) => attest(decision, gate, AT, verifyEd25519))).toEqual([{ kind: 'signed' }]);
  expect(JSON.stringify(reply.body)).not.toContain(sent[0]?.signature);
});

test('one run takes so many decisions a minute and no more, whoever sends them; other runs are free', async () => {
  const own = await createWorld({ limits: { perRunMinute: 3 } });
  await own.ledger.append([...validatedBug('1'), ...validatedBug('2')]);
  const send = async (person: string, id: string) =>
    (await as(own.app, person).post(`/v1/bugs/${id}/decisions`, { verb: 'confirm' })).status;
  expect([await send('bo', '1'), await send('ann', '1'), await send('bo', '1'), await send('ann', '1')]).toEqual([
    409, 409, 409, 429,
  ]);
  expect(await send('ann', '2')).toBe(409);
  await own.close();
});

test('"wait a minute" is no last word: afterwards the same key is a decision like any other', async () => {
  const own = await createWorld({ limits: { perRunMinute: 1 } });
  await own.ledger.append(validatedBug('1'));
  const approve = async (app: typeof own.app) => {
    const reply = await as(app, 'bo').post(
      '/v1/bugs/1/decisions',
      { verb: 'approve-prod', sha: HEAD },
      { 'Idempotency-Key': 'k' },
    );
    return reply.status;
  };
  await as(own.app, 'ann').post('/v1/bugs/1/decisions', { verb: 'confirm' });
  expect([await approve(own.app), await approve(own.restarted())]).toEqual([429, 200]);
  await own.close();
});

import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { reapOrphans } from '../../src/activities/reap';
import { TidegateFailure } from '../../src/domain/failures';
import { orderOfUat, scriptWorker } from '../support/script-activities';
import { isRunning, makeYard, OLD, orderOf, until, type Yard } from '../support/script-yard';

let yard: Yard;

beforeEach(async () => {
  yard = await makeYard();
});

afterEach(async () => {
  expect(await yard.end()).toEqual([]);
});

/** It says what runs, waits for its moment and switches. */
const SCRIPT = `
  case "\${1:-}" in --status) cat "$EFFECTS.state"; exit ;; --check | --rollback) exit 0 ;; esac
  echo "script=$$" >>"$EFFECTS"
  until [ -e "$EFFECTS.go" ]; do sleep 0.05; done
  echo switched >>"$EFFECTS"`;
const write = (name: string, text: string): Promise<void> => writeFile(join(yard.root, `effects.${name}`), text);

/** The script of a deployment whose worker was killed while it was being aborted. */
async function abandoned(host: string): Promise<number> {
  await write('state', `::tidegate version=${OLD.version} sha=${OLD.sha}`);
  const worker = yard.follower(yard.plan(SCRIPT), orderOf({ fence: 2 }));
  await until(async () => (await yard.pids('script')).length > 0);
  process.kill(-worker.pid!, 'SIGKILL');
  await once(worker, 'exit');
  const { ledger, close } = await scriptWorker(yard, yard.deployer(SCRIPT));
  await ledger.intend({ deployment: 'shop-prod-1', step: 'execute', fence: 2, attempt: 1, host, at: 1 });
  await close();
  return (await yard.pids('script'))[0]!;
}

test('nothing is "back already" while the script of its deployment lives: it is ended, and switches nothing afterwards', async () => {
  const script = await abandoned('host-1');
  const worker = await scriptWorker(yard, yard.deployer(SCRIPT));
  const end = await worker.rollBack(orderOfUat());
  await worker.close();
  expect(end).toMatchObject({ outcome: 'done' });
  expect([isRunning(script), await yard.deployer(SCRIPT).unfinished()]).toEqual([false, []]);
  await write('go', '');
  expect(await yard.settled()).toEqual([]);
  expect(await yard.effects()).not.toContain('switched');
});

test('a script that was begun on another host is for a person: from here nobody can end it, or say that it has', async () => {
  const script = await abandoned('host-2');
  const worker = await scriptWorker(yard, yard.deployer(SCRIPT));
  const end = await worker.rollBack(orderOfUat());
  await worker.close();
  expect(end).toMatchObject({
    outcome: 'unknown',
    reason: expect.stringContaining('host-2 began to deploy') as string,
  });
  expect(isRunning(script)).toBe(true);
  await yard.deployer(SCRIPT).stop('shop-prod-1', 'deploy');
});

test('a process that does not even end by SIGKILL locks its own environment, and no worker out of the others', async () => {
  const { deps, ledger, close } = await scriptWorker(yard, {
    ...yard.deployer(SCRIPT),
    unfinished: async () => [{ deployment: 'shop-prod-1', act: 'deploy', fence: 2, endsBy: 0 }],
    stop: () => Promise.reject(new TidegateFailure('Unknown', 'Processes 4711 do not end.')),
  });
  const said: string[] = [];
  await reapOrphans(deps, (sentence) => said.push(sentence));
  expect(said).toEqual([expect.stringContaining('cannot be ended: Processes 4711 do not end.')]);
  expect(await ledger.timeline('shop', 'deploy/shop-prod-1', 10)).toEqual([]);
  await close();
});

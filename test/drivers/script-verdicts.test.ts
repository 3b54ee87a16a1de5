import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { orderOfUat, scriptWorker, type ScriptWorker } from '../support/script-activities';
import { makeYard, NEW, OLD, type Yard } from '../support/script-yard';

let yard: Yard;
let worker: ScriptWorker | null;

beforeEach(async () => {
  yard = await makeYard();
  worker = null;
});

afterEach(async () => {
  await worker?.close();
  expect(await yard.end()).toEqual([]);
});

/** A whole script around what it does when it deploys; the state that `--status` shows is a file. */
const scriptOf = (deploys: string): string => `
  switched() { echo "::tidegate version=$TIDEGATE_VERSION sha=$TIDEGATE_SHA deployment=$TIDEGATE_DEPLOYMENT_ID" >"$EFFECTS.state"; }
  case "\${1:-}" in
    --status) [ -s "$EFFECTS.state" ] && cat "$EFFECTS.state"; exit 0 ;;
    --check) exit 0 ;;
    --rollback) exit 0 ;;
  esac
  echo acted >>"$EFFECTS"
  ${deploys}`;

const shows = (line: string): Promise<void> => writeFile(`${yard.root}/effects.state`, line);
const OLD_STATE = `::tidegate version=${OLD.version} sha=${OLD.sha}`;

/** The first attempt's answer; a second one must not act again and must say the same. */
async function deploy(deploys: string, order = orderOfUat()) {
  worker = await scriptWorker(yard, yard.deployer(scriptOf(deploys)));
  const end = await worker.deploy(order);
  expect(await worker.deploy(order)).toEqual(end);
  expect(await yard.effects()).toEqual(['acted']);
  return end;
}

describe('what becomes of a deployment whose script ends in this way (F40)', () => {
  test.each([
    ['0 and is there', 'switched', 'done', `${NEW.version} answers`],
    ['0 with the wrong state', 'true', 'failed', `the target shows ${OLD.version}`],
    ['1', 'exit 1', 'failed', 'the script failed (exit 1)'],
    ['2', 'exit 2', 'failed', 'called wrongly or failed early'],
    ['1 although it switched', 'switched; exit 1', 'failed', 'the script failed (exit 1)'],
    ['75', 'exit 75', 'failed', 'asks to be called again'],
    ['124', 'timeout 0.05 sleep 5', 'failed', 'ran into its time limit'],
    ['126', '"$EFFECTS"', 'failed', 'could not be executed'],
    ['127', 'no-such-program', 'failed', 'was not found'],
    ['137', 'kill -KILL $$', 'failed', 'was killed'],
    ['143', 'kill -TERM $$', 'failed', 'was asked to end'],
    ['no exit code, but it switched', 'kill -KILL $PPID; switched', 'done', `${NEW.version} answers`],
    ['no exit code, and it did not switch', 'kill -KILL $PPID', 'failed', 'gone without an exit code'],
    ['no exit code, and the target is silent', 'kill -KILL $PPID; : >"$EFFECTS.state"', 'unknown', 'without an exit'],
    ['0, and the target is silent', ': >"$EFFECTS.state"', 'unknown', 'the target shows'],
  ])('%s', async (_, deploys, outcome, sentence) => {
    await shows(OLD_STATE);
    const end = await deploy(deploys);
    expect(end.outcome).toBe(outcome);
    expect('proof' in end ? end.proof : end.reason).toContain(sentence);
    const row = await worker?.ledger.step('shop-prod-1', 'execute');
    expect(row).toMatchObject({ state: outcome, fence: 2, host: 'host-1' });
  });
});

describe('what the target says is weighed, never guessed (E2)', () => {
  test('a target that is there already is not touched, also when the ledger has no word of it', async () => {
    await deploy('switched');
    const again = await worker?.deploy(orderOfUat({ id: 'shop-prod-2', fence: 4 }));
    expect(again).toMatchObject({ outcome: 'done', proof: expect.stringContaining('already there') });
    expect(await yard.effects()).toEqual(['acted']);
  });

  test('the right version of another deployment is no proof: a second build may be called the same', async () => {
    await shows(`::tidegate version=${NEW.version} deployment=shop-prod-0`);
    const end = await deploy('true');
    expect(end).toMatchObject({ outcome: 'failed', reason: expect.stringContaining('shop-prod-0') });
  });

  test('what another host began and lost is asked of the target, and of a person when that is not there', async () => {
    await shows(OLD_STATE);
    const order = orderOfUat();
    worker = await scriptWorker(yard, yard.deployer(scriptOf('switched')), 'host-2');
    await worker.ledger.intend({
      ...{ deployment: order.id, step: 'execute', fence: 2, attempt: 1, host: 'host-1', at: 1 },
    });
    const end = await worker.deploy(order);
    expect(end).toMatchObject({ outcome: 'unknown', reason: expect.stringContaining('host-1 began execute') });
    expect(await yard.effects()).toEqual([]);
  });
});

describe('a full disk (F42)', () => {
  /** The draft of the exit code takes nothing, as on a disk without space. */
  const noRoomForTheCode = async (): Promise<void> => {
    const path = yard.jobFile('shop-prod-1.deploy', 'exit.new');
    await mkdir(dirname(path), { recursive: true });
    await symlink('/dev/full', path);
  };

  test.each([
    ['a script that did its work', 'switched', 'done', `${NEW.version} answers`],
    ['a script that failed: never read as success', 'exit 3', 'failed', 'gone without an exit code'],
  ])('no room for the exit code of %s: the target tells what became of it', async (_, deploys, outcome, sentence) => {
    await shows(OLD_STATE);
    await noRoomForTheCode();
    const end = await deploy(deploys);
    expect(end.outcome).toBe(outcome);
    expect('proof' in end ? end.proof : end.reason).toContain(sentence);
  });

  test('no room for the checkout: nothing was touched, the sentence says where, and it is tried again', async () => {
    const checkout = () => Promise.reject(Object.assign(new Error('write'), { code: 'ENOSPC' }));
    worker = await scriptWorker(yard, yard.deployer(scriptOf('switched'), { checkout }));
    await expect(worker.deploy(orderOfUat())).rejects.toMatchObject({
      type: 'Unavailable',
      nonRetryable: false,
      message: expect.stringContaining('host-1 has no space left in'),
    });
    expect(await yard.effects()).toEqual([]);
  });
});

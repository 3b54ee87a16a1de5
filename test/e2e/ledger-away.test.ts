import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe as reportOf } from '../../src/demo/demo-bugs';
import { findDefect, prepareFix } from '../../src/demo/fixes';
import { devServer } from '../support/environments';
import { makeTown, type Town } from './town';

const temporal = devServer();
const LIMIT_MS = 120_000;

let town: Town;

/** Another process takes the ledger's file for itself; answers how to make it let go. */
async function lockLedger(): Promise<() => Promise<void>> {
  const runner = join(__dirname, '../support/run-typescript.cjs');
  const file = join(town.paths.state, 'ledger.db');
  const locker = spawn(process.execPath, [runner, require.resolve('./lock-child'), file], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  await once(locker, 'message');
  return async () => {
    const gone = once(locker, 'exit');
    locker.disconnect();
    await gone;
  };
}

describe('the ledger is away while people decide', () => {
  beforeAll(async () => {
    town = await makeTown({ temporal });
    await town.start();
    const defect = await findDefect(town.repository, () => false);
    await town.post('dev', '/v1/bugs', await reportOf(town.prod, defect));
    await prepareFix(town.repository, '1', defect, { breaking: false, now: new Date() });
  }, LIMIT_MS);

  afterAll(() => town.end(), LIMIT_MS);

  it(
    'takes the decision, says that it is not written yet, and writes it once when the ledger is back',
    async () => {
      const letGo = await lockLedger();
      const first = await town.post('ann', '/v1/bugs/1/decisions', { verb: 'confirm' });
      const again = await town.post<{ code: string }>('ann', '/v1/bugs/1/decisions', { verb: 'confirm' });
      await letGo();
      expect(first).toMatchObject({ status: 202, body: { id: '1', status: 'confirmed', recorded: false } });
      expect(again).toMatchObject({ status: 409, body: { code: 'wrong-state' } });
      const bug = await town.untilBug('1', ({ status }) => status === 'confirmed');
      expect(bug.confirmedBy).toBe('ann');
      expect(bug.timeline.map(({ kind }) => kind).filter((kind) => kind.startsWith('bug.'))).toEqual([
        'bug.reported',
        'bug.confirmed',
      ]);
      expect(await town.ledger.verify()).toBeNull();
    },
    LIMIT_MS,
  );

  it(
    'takes a decision under an Idempotency-Key as well, and answers its repeat with what the ledger holds by then',
    async () => {
      const letGo = await lockLedger();
      const attach = { verb: 'attach-fix', ref: 'fix/1' };
      const first = await town.post('dev', '/v1/bugs/1/decisions', attach, 'attach-1');
      await letGo();
      expect(first).toMatchObject({ status: 202, body: { id: '1', recorded: false } });
      await town.untilBug('1', ({ fix }) => fix !== null);
      const again = await town.post('dev', '/v1/bugs/1/decisions', attach, 'attach-1');
      expect(again).toMatchObject({ status: 200, body: { id: '1', fix: { ref: 'fix/1' } } });
      const bug = (await town.get('/v1/bugs/1')).body;
      expect(bug.timeline.filter(({ kind }) => kind === 'bug.fix-attached')).toHaveLength(1);
    },
    LIMIT_MS,
  );
});

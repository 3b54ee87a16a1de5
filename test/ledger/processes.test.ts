import Database from 'libsql';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createSqliteLedger } from '../../src/ledger/sqlite-ledger';
import { reported, useTempFolder } from './support';

const folder = useTempFolder();
const ledgerFile = (): string => join(folder(), 'ledger.db');

interface Writer {
  readonly process: ChildProcess;
  /** What it was told is stored: lines `<event id> <bug>`. */
  readonly acknowledged: string[];
  readonly ended: Promise<number | null>;
}

function startWriter(file: string, name: string, count: number, onAcknowledged?: (lines: number) => void): Writer {
  const script = [join(__dirname, 'run-ts.cjs'), join(__dirname, 'append-child.ts'), file, name, String(count)];
  const child = spawn(process.execPath, script, { stdio: ['ignore', 'pipe', 'inherit'] });
  const acknowledged: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    acknowledged.push(line);
    onAcknowledged?.(acknowledged.length);
  });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { process: child, acknowledged, ended };
}

test('API and worker write at once: no event is lost, no bug number is given twice, the chain holds', async () => {
  const file = ledgerFile();
  const writers = ['api', 'worker'].map((name) => startWriter(file, name, 150));
  expect(await Promise.all(writers.map((writer) => writer.ended))).toEqual([0, 0]);

  const numbers = writers.flatMap((writer) => writer.acknowledged.map((line) => line.split(' ')[1]));
  expect(new Set(numbers).size).toBe(300);
  const ledger = await createSqliteLedger({ file });
  expect(await ledger.verify()).toBeNull();
  expect(await ledger.eventsAfter(0, 1000)).toHaveLength(300);
  await ledger.close();
});

test.each([1, 7, 40])(
  'killed -9 after %i acknowledged writes: every one is there and the chain goes on',
  async (after) => {
    const file = ledgerFile();
    const writer = startWriter(file, 'worker', 100_000, (lines) => {
      if (lines === after) writer.process.kill('SIGKILL');
    });
    await writer.ended;
    expect(writer.process.signalCode).toBe('SIGKILL');

    const ledger = await createSqliteLedger({ file });
    for (const line of writer.acknowledged) {
      const [id = '', bug = ''] = line.split(' ');
      expect(await ledger.hasEvent(id)).toBe(true);
      expect(await ledger.bug('shop', bug)).not.toBeNull();
    }
    await ledger.append([reported({ service: 'other', bug: '1' })]);
    expect(await ledger.verify()).toBeNull();
    await ledger.close();
  },
);

test('a process that holds the file for good gives a sentence with the file, not a hang', async () => {
  const file = ledgerFile();
  const ledger = await createSqliteLedger({ file });
  const holder = new Database(file);
  holder.exec('begin immediate');
  await expect(ledger.append([reported({ bug: '1' })])).rejects.toMatchObject({
    kind: 'Unavailable',
    message: expect.stringMatching(new RegExp(`${file}.*Another process holds it`)) as string,
  });
  holder.exec('rollback');
  holder.close();
  await ledger.append([reported({ bug: '1' })]);
  expect(await ledger.bug('shop', '1')).not.toBeNull();
  await ledger.close();
}, 15_000);

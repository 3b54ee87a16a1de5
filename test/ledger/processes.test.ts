import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { openLedger } from '../../src/ledger/open-ledger';
import { onBothDatabases, postgresHome, reported } from './support';

interface Writer {
  readonly process: ChildProcess;
  /** What it was told is stored: lines `<event id> <bug>`. */
  readonly acknowledged: string[];
  readonly ended: Promise<number | null>;
}

function startWriter(location: string, name: string, count: number, onAcknowledged?: (lines: number) => void): Writer {
  const script = [join(__dirname, 'run-ts.cjs'), join(__dirname, 'append-child.ts'), location, name, String(count)];
  const child = spawn(process.execPath, script, { stdio: ['ignore', 'pipe', 'inherit'] });
  const acknowledged: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    acknowledged.push(line);
    onAcknowledged?.(acknowledged.length);
  });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { process: child, acknowledged, ended };
}

onBothDatabases((home) => {
  test('API and worker write at once: no event is lost, no bug number is given twice, the chain holds', async () => {
    const location = await home.newLocation();
    const writers = ['api', 'worker'].map((name) => startWriter(location, name, 150));
    expect(await Promise.all(writers.map((writer) => writer.ended))).toEqual([0, 0]);

    const numbers = writers.flatMap((writer) => writer.acknowledged.map((line) => line.split(' ')[1]));
    expect(new Set(numbers).size).toBe(300);
    const ledger = await openLedger(location);
    expect(await ledger.verify()).toBeNull();
    expect(await ledger.eventsAfter(0, 1000)).toHaveLength(300);
    await ledger.close();
  });

  test.each([1, 7, 40])(
    'killed -9 after %i acknowledged writes: every one is there and the chain goes on',
    async (after) => {
      const location = await home.newLocation();
      const writer = startWriter(location, 'worker', 100_000, (lines) => {
        if (lines === after) writer.process.kill('SIGKILL');
      });
      await writer.ended;
      expect(writer.process.signalCode).toBe('SIGKILL');

      const ledger = await openLedger(location);
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
});

describe('PostgreSQL is killed while two processes write', () => {
  const home = postgresHome();

  test('no acknowledged event is lost, none is there twice, both processes live on, and the chain holds', async () => {
    const location = await home.newLocation();
    let writers: Writer[] = [];
    const enough = new Promise<void>((reached) => {
      writers = ['api', 'worker'].map((name) =>
        startWriter(location, name, 160, (lines) => {
          if (lines === 30) reached();
        }),
      );
    });
    await enough;
    await home.server().kill();
    await home.server().restart();
    expect(await Promise.all(writers.map((writer) => writer.ended))).toEqual([0, 0]);

    const ledger = await openLedger(location);
    expect(await ledger.verify()).toBeNull();
    const ids = (await ledger.eventsAfter(0, 1000)).map(({ event }) => event.id);
    const written = ['api', 'worker'].flatMap((name) => Array.from({ length: 160 }, (_, index) => `${name}#${index}`));
    expect([...ids].sort()).toEqual(written.sort());
    expect(writers.map((writer) => writer.acknowledged.length)).toEqual([160, 160]);
    await ledger.close();
  });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { processesNaming } from './processes';

const LIMIT_MS = 240_000;
const HARNESS = join(__dirname, '../../scripts/faults.mjs');

/** The harness as people run it; answers its exit code and its lines. */
async function faults(
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly lines: readonly string[] }> {
  const child = spawn(process.execPath, [HARNESS, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  return { code, lines: output.trimEnd().split('\n') };
}

describe('the fault harness, in short', () => {
  it(
    'loses nothing, deploys nothing twice and leaves nobody behind, whatever is killed at whatever step',
    async () => {
      const only = 'worker-kill,worker-pause,server-kill,cancel,script-deaf';
      const { code, lines } = await faults(
        '--runs',
        '8',
        '--seed',
        '2',
        '--lanes',
        '2',
        '--ledger',
        'sqlite',
        '--only',
        only,
      );
      expect(lines.filter((line) => line.startsWith('BROKEN') || line.startsWith('  I'))).toEqual([]);
      expect(lines.at(-1)).toMatch(/^8 runs, \d+ faults struck: 0 lost, 0 double, 0 stuck, 0 orphans$/);
      expect(code).toBe(0);
      expect(await processesNaming('tidegate-faults-')).toEqual([]);
    },
    LIMIT_MS,
  );

  it(
    'deploys twice when the guards are taken away, so that its silence means something',
    async () => {
      const { code, lines } = await faults(
        '--control',
        '--runs',
        '2',
        '--seed',
        '1',
        '--lanes',
        '2',
        '--ledger',
        'sqlite',
      );
      expect(lines.at(-1)).toMatch(/ [1-9]\d* double/);
      expect(code).toBe(0);
    },
    LIMIT_MS,
  );
});

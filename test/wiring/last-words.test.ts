import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

test('a mistake that nobody caught ends the process with 1 and a line in the log, for a restart, and shows no password', async () => {
  const runner = join(__dirname, '../support/run-typescript.cjs');
  const child = spawn(process.execPath, [runner, require.resolve('./dying-child')], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const parts: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => parts.push(part.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  const said = parts.join('');
  expect({ code, said }).toMatchObject({ code: 1 });
  expect(said).toContain('a rejection that nobody handled');
  expect(said).not.toContain('hunter2');
});

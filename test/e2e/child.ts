import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { ProductPlan } from './product';
import type { Running } from './town';

export interface ChildProduct extends Running {
  /** Sends a signal and waits for the end; answers the exit code, null when the signal itself ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** The product in a process of its own; `stop` is the hard way. */
export async function launchChild(plan: ProductPlan): Promise<ChildProduct> {
  const child = spawn(
    process.execPath,
    [join(__dirname, '../support/run-typescript.cjs'), require.resolve('./product-child'), JSON.stringify({ ...plan })],
    { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
  );
  const [url] = (await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => Promise.reject(new Error('the product ended before it was up'))),
  ])) as [string];
  const end = (signal: NodeJS.Signals): Promise<number | null> => ended(child, signal);
  return { url, end, stop: () => end('SIGKILL').then(() => undefined) };
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }
  return child.exitCode;
}

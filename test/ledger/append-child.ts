/** A process that writes to a ledger until it has written `count` bugs, and says each one once it is acknowledged. */
import { setTimeout } from 'node:timers/promises';
import { TidegateFailure } from '../../src/domain/failures';
import { openLedger } from '../../src/ledger/open-ledger';
import { reported } from './support';

async function main([location = '', name = '', count = '0']: readonly string[]): Promise<void> {
  const ledger = await openLedger(location);
  for (let index = 0; index < Number(count); index += 1) {
    const bug = await persistently(() => ledger.allocateBug('shop', null));
    const event = { ...reported({ bug, title: `${name} ${index}` }), id: `${name}#${index}` };
    await persistently(() => ledger.append([event]));
    process.stdout.write(`${event.id} ${bug}\n`);
  }
  await ledger.close();
}

/** As an activity does: what could not be asked is asked again. Anything else, and whatever escapes a promise, ends the process. */
async function persistently<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof TidegateFailure && error.kind === 'Unavailable')) throw error;
      await setTimeout(20);
    }
  }
}

main(process.argv.slice(3)).catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});

/** A process that writes to a ledger until it has written `count` bugs, and says each one once it is acknowledged. */
import { createSqliteLedger } from '../../src/ledger/sqlite-ledger';
import { reported } from './support';

async function main([file = '', name = '', count = '0']: readonly string[]): Promise<void> {
  const ledger = await createSqliteLedger({ file });
  for (let index = 0; index < Number(count); index += 1) {
    const bug = await ledger.allocateBug('shop', null);
    const event = { ...reported({ bug, title: `${name} ${index}` }), id: `${name}#${index}` };
    await ledger.append([event]);
    process.stdout.write(`${event.id} ${bug}\n`);
  }
  await ledger.close();
}

main(process.argv.slice(3)).catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});

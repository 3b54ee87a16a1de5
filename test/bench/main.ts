/** `npm run bench`: each row beside its baseline, in the same process and minute (5-quality §3). */
import { appendFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { readOptions } from './options';
import { ROWS } from './registry';
import type { Ground, Line, Row } from './row';
import { openSite } from './site';
import { jsonLine, printLine } from './table';

Runtime.install({ logger: new DefaultLogger('ERROR') });

const BUNDLE = process.env.TIDEGATE_TEST_BUNDLE ?? join(__dirname, '../../dist/workflow-bundle.js');

const write = (line: string): void => void process.stdout.write(`${line}\n`);
const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** Answers the exit code: 1 when a row was void; a goal that is missed is a finding, no failure. */
async function main(args: readonly string[]): Promise<number> {
  const known = ROWS.map(({ id }) => id);
  const { rows, pairs, quick, server, json } = readOptions(args, known);
  const site = await openSite({ server, say: () => undefined });
  let voids = 0;
  const done: [Row, Line][] = [];
  try {
    write(`${site.profile}; ${cpus().length} cores; ${quick ? 'quick form' : 'full form'}, ${pairs} pairs`);
    const ground: Ground = { site, bundle: BUNDLE, quick, pairs, say };
    for (const row of ROWS.filter(({ id }) => rows.length === 0 || rows.includes(id))) {
      say(`${row.id} ${row.title} …`);
      try {
        for (const line of await row.run(ground)) {
          done.push([row, line]);
          printLine(row, line).forEach(write);
          const about = { at: new Date().toISOString(), profile: site.profile, quick };
          if (json !== null) appendFileSync(json, `${jsonLine(row, line, about)}\n`);
        }
      } catch (error) {
        voids += 1;
        write(`${row.id}  void: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  } finally {
    await site.close();
  }
  const goals = done.flatMap(([row, { goals: found }]) => found.map((goal) => ({ row, goal })));
  const missed = goals.filter(({ goal }) => !goal.holds);
  write(`${goals.length - missed.length} of ${goals.length} goals hold, ${voids} rows void`);
  for (const { row, goal } of missed) write(`✖ ${row.id} ${goal.text}: ${goal.value.toFixed(2)}`);
  return voids === 0 ? 0 : 1;
}

main(process.argv.slice(3)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    say(error instanceof Error ? error.message : String(error));
    process.exit(2);
  },
);

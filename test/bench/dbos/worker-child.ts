/** The floor once more, on DBOS: the same gates, slots, trains, stages and records, and no Temporal. */
import { setTimeout as sleep } from 'node:timers/promises';
import { DBOS } from '@dbos-inc/dbos-sdk';
import { openRecord } from '../floor/record';

export interface DbosPlan {
  readonly database: string;
  readonly system: string;
  readonly slotMs: number;
  readonly watchMs: number;
}

process.once('disconnect', () => process.exit(1));

const GATE = 'gate';
const BOARD = 'board';
const ARRIVED = 'arrived';
const STAGES = ['preflight', 'candidate', 'execute', 'smoke', 'watch', 'commit'] as const;
const A_DAY_S = 86_400;

async function run({ database, system, slotMs, watchMs }: DbosPlan): Promise<void> {
  const table = await openRecord(database, 10);
  const record = (bug: string, status: string): Promise<void> =>
    DBOS.runStep(() => table.record(bug, status), { name: `record ${status}` });
  const slot = async (): Promise<void> => {
    const now = await DBOS.now();
    await DBOS.sleepms(slotMs - (now % slotMs));
  };
  const gate = async (bug: string, verb: string): Promise<void> => {
    await DBOS.recv(`${GATE}/${verb}`, A_DAY_S);
    await record(bug, verb);
    await DBOS.setEvent(verb, true);
  };
  const ride = async (bug: string, env: string): Promise<void> => {
    await DBOS.send(trainOf(env), bug, BOARD);
    await DBOS.recv(`${ARRIVED}/${env}`, A_DAY_S);
    await record(bug, `deployed_${env}`);
  };

  const bugFlow = DBOS.registerWorkflow(
    async (bug: string) => {
      await record(bug, 'submitted');
      await gate(bug, 'confirm');
      await slot();
      await DBOS.runStep(() => Promise.resolve(), { name: 'analyse' });
      await record(bug, 'planned');
      await ride(bug, 'uat');
      await gate(bug, 'approve');
      await ride(bug, 'prod');
    },
    { name: 'bug' },
  );

  const stage = async (deployment: string, name: string): Promise<void> => {
    if (name === 'watch') await sleep(watchMs);
    if (name === 'execute') process.send?.({ act: deployment, at: Date.now() });
  };
  const train = DBOS.registerWorkflow(
    async (env: string) => {
      for (let number = 1; ; number += 1) {
        const first = await DBOS.recv<string>(BOARD, A_DAY_S);
        await slot();
        const aboard = [first];
        for (let next = await DBOS.recv<string>(BOARD, 0); next !== null; next = await DBOS.recv<string>(BOARD, 0)) {
          aboard.push(next);
        }
        for (const name of STAGES) await DBOS.runStep(() => stage(`${env}-${number}`, name), { name });
        for (const bug of aboard) if (bug !== null) await DBOS.send(bug, env, `${ARRIVED}/${env}`);
      }
    },
    { name: 'train' },
  );

  DBOS.setConfig({ name: 'floor', systemDatabaseUrl: system, logLevel: 'error' });
  await DBOS.launch();
  for (const env of ['uat', 'prod']) await DBOS.startWorkflow(train, { workflowID: trainOf(env) })(env);
  process.on('message', ({ bug }: { bug: string }) => {
    void DBOS.startWorkflow(bugFlow, { workflowID: bug })(bug).then(() => process.send?.({ started: bug }));
  });
  process.once('SIGTERM', () => process.exit(0));
  process.send?.({ up: true });
}

const trainOf = (env: string): string => `train-${env}`;

void run(JSON.parse(process.argv[3] ?? '{}') as DbosPlan);

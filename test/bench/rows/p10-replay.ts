/** P10: how long a worker needs to be where a run is, per event: the longest recorded histories against the floor's. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils';
import { Worker } from '@temporalio/worker';
import { startFloor } from '../floor/floor';
import { bugId } from '../floor/workflows';
import { decideAll, reportAll, until } from '../lane';
import { compare, type Outcome, type Side } from '../pairs';
import { atMost, type Ground, type Line } from '../row';

const HISTORIES = join(__dirname, '../../replay/histories');
type History = ReturnType<typeof historyFromJSON>;

export async function replay({ site, bundle, quick, pairs }: Ground): Promise<readonly Line[]> {
  const times = quick ? 50 : 400;
  const theirs = side(
    'floor',
    await site.bundle(require.resolve('../floor/workflows')),
    await floorHistory(site),
    times,
  );
  const lines: Line[] = [];
  for (const kind of ['bug', 'deployment', 'environment']) {
    const history = longest(kind);
    const ours = side(kind, bundle, history, times);
    const [comparison] = await compare(ours, [theirs], pairs, times);
    if (!comparison) continue;
    lines.push({
      what: `replay of the longest ${kind}, ${history.events?.length ?? 0} events`,
      against: 'the floor, per event',
      comparison,
      unit: 'CPU µs per event',
      goals: [atMost('replay', comparison.figure.median, 1.3)],
    });
  }
  return lines;
}

function longest(kind: string): History {
  const found = readdirSync(HISTORIES)
    .filter((name) => name.startsWith(`${kind}-`))
    .map((name) => historyFromJSON(JSON.parse(readFileSync(join(HISTORIES, name), 'utf8'))));
  return found.reduce((a, b) => ((b.events?.length ?? 0) > (a.events?.length ?? 0) ? b : a));
}

async function floorHistory(site: Ground['site']): Promise<History> {
  const service = 'p10-floor';
  const floor = await startFloor(site, { service, records: 'local', slotMs: 200, watchMs: 10 });
  try {
    const bugs = await reportAll(floor, 1);
    await decideAll(floor, bugs, 'confirm');
    await until(floor, 'deployed_uat', bugs);
    await decideAll(floor, bugs, 'approve');
    await until(floor, 'deployed_prod', bugs);
    return await floor.client.workflow.getHandle(bugId(service, bugs[0] ?? '')).fetchHistory();
  } finally {
    await floor.stop();
  }
}

/** Replays run in this very process, threads and all; what the worker's start costs is measured once and taken off. */
function side(name: string, codePath: string, history: History, times: number): Side {
  const replayed = async (count: number): Promise<{ readonly cpuMs: number; readonly ok: number }> => {
    const before = process.cpuUsage();
    // Signatures are of the very run that they were made for.
    const workflowId = history.events?.[0]?.workflowExecutionStartedEventAttributes?.workflowId ?? name;
    const histories = Array.from({ length: count }, () => ({ workflowId, history }));
    let ok = 0;
    for await (const { error } of Worker.runReplayHistories({ workflowBundle: { codePath } }, histories)) {
      if (error) throw error;
      ok += 1;
    }
    const { user, system } = process.cpuUsage(before);
    return { cpuMs: (user + system) / 1_000, ok };
  };
  return {
    name,
    processes: () => [],
    async run(): Promise<Outcome> {
      const start = await replayed(1);
      const { cpuMs, ok } = await replayed(times);
      const net = Math.max(1, cpuMs - start.cpuMs);
      return { outcomes: ok, cpuMs: net, figure: (net * 1_000) / times / (history.events?.length ?? 1) };
    },
  };
}

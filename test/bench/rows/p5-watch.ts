/** P5: an hour of watching at one sample a minute, with a clock that does not wait. */
import { startWatches } from '../watch/watch';
import { compare, type Side } from '../pairs';
import { atLeast, atMost, type Ground, type Line } from '../row';

const WAYS = { ours: 'watchOnce', naive: 'watchByPolls', bare: 'watchBare' } as const;

export async function watching({ site, quick, pairs }: Ground): Promise<readonly Line[]> {
  const windows = quick ? 3 : 20;
  const watch = await startWatches(site);
  const side = (name: string, type: string): Side => ({
    name,
    processes: () => [...site.processes(), watch.worker.pid],
    run: async () => ({ outcomes: await watch.run(type, windows) }),
  });
  try {
    await watch.run(WAYS.ours, 1);
    const sides = [side('naive polls', WAYS.naive), side('bare activity', WAYS.bare)];
    const [naive = null, bare = null] = await compare(side('watch activity', WAYS.ours), sides, pairs, windows);
    const what = `${windows} watches of 60 min at 1/min`;
    return [
      {
        what,
        against: 'naive polls',
        comparison: naive,
        unit: 'wall time, ms',
        goals: [
          atMost('events', await watch.events(WAYS.ours), 15),
          atLeast('times less CPU', 1 / (naive?.cpu.median ?? NaN), 15),
        ],
        figures: { 'events of naive polls': await watch.events(WAYS.naive) },
      },
      { what, against: 'a bare activity', comparison: bare, unit: 'wall time, ms', goals: [] },
    ];
  } finally {
    await watch.stop();
  }
}

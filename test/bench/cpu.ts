/** CPU time of process trees, from /proc: the first figure of every row, since wall time lies on a shared machine. */
import { readdirSync, readFileSync } from 'node:fs';

/** One clock tick of /proc on Linux: USER_HZ is 100 everywhere that matters. */
const MS_PER_TICK = 10;

interface Stat {
  readonly pid: number;
  readonly parent: number;
  /** Its own ticks and those of its children that it has waited for. */
  readonly ticks: number;
}

/** Field 2 is a name in parentheses that may hold anything, so fields are counted from behind it. */
function statOf(pid: number): Stat | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    return { pid, parent: Number(fields[1]), ticks };
  } catch {
    return null;
  }
}

function processTable(): readonly Stat[] {
  return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? (statOf(Number(name)) ?? []) : []));
}

/** CPU milliseconds that the processes and everything below them have used so far. */
export function cpuOf(roots: readonly number[]): number {
  const table = processTable();
  const inside = new Set(roots);
  for (let grown = true; grown;) {
    grown = false;
    for (const { pid, parent } of table) {
      if (!inside.has(parent) || inside.has(pid)) continue;
      inside.add(pid);
      grown = true;
    }
  }
  const ticks = table.filter(({ pid }) => inside.has(pid)).reduce((sum, stat) => sum + stat.ticks, 0);
  return ticks * MS_PER_TICK;
}

/** CPU milliseconds that the whole machine has used so far, everybody's. */
export function cpuOfMachine(): number {
  const fields = readFileSync('/proc/stat', 'utf8').split('\n')[0]?.trim().split(/\s+/).slice(1).map(Number) ?? [];
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = fields;
  return (user + nice + system + irq + softirq) * MS_PER_TICK;
}

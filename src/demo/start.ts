import { SEARCH_ATTRIBUTES } from '../domain/ids';
import { obtainTemporal } from '../temporal/obtain';
import { runDemo } from './main';
import type { Mode } from './scene';

export interface DemoStart {
  readonly mode: Mode;
  readonly stateDir: string;
  /** Where the tale goes; standard output by default. */
  readonly write?: (line: string) => void;
}

/** The demo on this terminal: Ctrl-C ends everything it started. Answers the exit code. */
export async function startDemo({ mode, stateDir, write = toStdout }: DemoStart): Promise<number> {
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopping.abort());
  return runDemo({
    mode,
    stateDir,
    write,
    colour: process.stdout.isTTY && !process.env.NO_COLOR,
    env: process.env,
    signal: stopping.signal,
    async startProduct({ configPath, stateDir: folder, temporal, port }) {
      const { startConfigured } = await import('../up.js');
      return startConfigured({ configPath, stateDir: folder, temporal, listen: { host: '127.0.0.1', port } });
    },
    obtainTemporal: (options) =>
      obtainTemporal({ ...options, mode: 'find', ui: true, searchAttributes: SEARCH_ATTRIBUTES, env: process.env }),
  });
}

const toStdout = (line: string): void => void process.stdout.write(`${line}\n`);

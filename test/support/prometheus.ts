import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFile, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { temporaryFolder } from './temporary-folder';

export interface PrometheusServer {
  readonly url: string;
  /** Evaluates an expression now; the value of its only series, or null. */
  value(query: string): Promise<number | null>;
  /** Kills it as a lost machine would; its data stays. */
  kill(): Promise<void>;
  /** Starts it on the same port and data. */
  start(): Promise<void>;
  /** Ends it and removes its folder. */
  close(): Promise<void>;
}

/** What it scrapes: `host:port` of targets that serve `/metrics`. */
export interface Scraping {
  readonly job: string;
  readonly targets: readonly string[];
  readonly everyMs: number;
}

const START_TRIES = 200;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const configOf = ({ job, targets, everyMs }: Scraping): string =>
  JSON.stringify({
    global: { scrape_interval: `${everyMs}ms`, scrape_timeout: `${everyMs}ms` },
    scrape_configs: [{ job_name: job, static_configs: [{ targets }] }],
  });

/** A real Prometheus (the Debian package) on a free port of this host, with its data in a folder of its own. */
export async function startPrometheus(scraping: Scraping): Promise<PrometheusServer> {
  const folder = await temporaryFolder();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const config = join(folder, 'prometheus.yml');
  await writeFile(config, configOf(scraping)); // JSON is YAML
  let child: ChildProcess | null = null;

  const ended = async (signal: NodeJS.Signals): Promise<void> => {
    if (child?.exitCode === null && child.signalCode === null) {
      const exit = once(child, 'exit');
      child.kill(signal);
      await exit;
    }
    child = null;
  };

  const start = async (): Promise<void> => {
    child = spawn(
      'prometheus',
      [
        `--config.file=${config}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--log.level=error',
      ],
      { stdio: 'ignore' },
    );
    child.on('error', () => undefined); // told below, as a server that does not get ready
    for (let tries = 0; tries < START_TRIES; tries += 1) {
      const ready = await fetch(`${url}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      );
      if (ready) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await ended('SIGKILL');
    throw new Error('Prometheus did not get ready: apt-get install -y --no-install-recommends prometheus');
  };

  await start();
  return {
    url,
    async value(query) {
      const answer = await fetch(`${url}/api/v1/query?${new URLSearchParams({ query }).toString()}`);
      const body = (await answer.json()) as { data?: { result?: readonly { value: readonly [number, string] }[] } };
      const [series, ...more] = body.data?.result ?? [];
      return series === undefined || more.length > 0 ? null : Number(series.value[1]);
    },
    kill: () => ended('SIGKILL'),
    start,
    async close() {
      await ended('SIGTERM');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** One HTTP server that plays every environment of every case: it serves what each one's `current` file says. */
import { readFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { currentFile, ENVIRONMENTS, type Stage } from './case-folder';

export interface TargetServer {
  readonly url: string;
  /** From now on `/<service>/…` answers from this folder. */
  serve(service: string, root: string): void;
  close(): Promise<void>;
}

interface Current {
  readonly broken: boolean;
}

export async function startTarget(): Promise<TargetServer> {
  const roots = new Map<string, string>();
  let requests = 1;

  async function answer(path: string, response: ServerResponse): Promise<void> {
    const [, service = '', stage = '', what = ''] = path.split('/');
    const root = roots.get(service);
    const env = ENVIRONMENTS.find((each) => each === stage);
    const text = root && env ? await currentText(root, env) : null;
    if (text === null) return void response.writeHead(503).end();
    const { broken } = JSON.parse(text) as Current;
    requests += 10;
    if (what === 'version') response.writeHead(200, { 'content-type': 'application/json' }).end(text);
    else if (what === 'health') response.writeHead(broken ? 500 : 200).end('{}');
    else if (what === 'metrics') response.writeHead(200).end(metrics(requests));
    else response.writeHead(404).end();
  }

  const server = createServer((request, response) => {
    answer(request.url ?? '', response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    serve: (service, root) => void roots.set(service, root),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const currentText = (root: string, env: Stage): Promise<string | null> =>
  readFile(currentFile(root, env), 'utf8').catch(() => null);

const metrics = (requests: number): string =>
  `# TYPE http_requests_total counter\nhttp_requests_total{status="200"} ${requests}\n`;

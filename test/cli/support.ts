/** The command line as a real child process against a real listening API. */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { createWorld, type World } from '../api/support';
import { compileInto } from './compiled';
import { tokenOf } from '../api/sample';

export interface Finished {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Cli extends World {
  readonly url: string;
  /** Runs one command line as a person and waits for its end; null: without a token. */
  run(person: string | null, ...args: readonly string[]): Promise<Finished>;
  /** Starts one and leaves it running. */
  start(person: string | null, ...args: readonly string[]): ChildProcessByStdio<null, Readable, Readable>;
}

const started: ReturnType<Cli['start']>[] = [];

/** One API for all tests of a file. */
export function useCli(): () => Cli {
  let cli: Cli | null = null;
  let server: Server | null = null;
  let close: (() => Promise<void>) | null = null;
  beforeAll(async () => {
    const world = await createWorld();
    close = world.close;
    server = createServer(world.app).listen(0, '127.0.0.1');
    await new Promise((done) => server?.once('listening', done));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const main = compileInto(world.folder);
    const start: Cli['start'] = (person, ...args) => startCli(main, world.folder, url, person, args);
    cli = { ...world, url, start, run: (person, ...args) => finished(start(person, ...args)) };
  });
  afterAll(async () => {
    for (const child of started) child.kill('SIGKILL');
    server?.closeAllConnections();
    await new Promise((done) => server?.close(done));
    await close?.();
  });
  return () => {
    if (cli === null) throw new Error('ask for the command line inside a test');
    return cli;
  };
}

function startCli(
  main: string,
  cwd: string,
  url: string,
  person: string | null,
  args: readonly string[],
): ReturnType<Cli['start']> {
  const env = {
    PATH: process.env.PATH,
    HOME: cwd,
    TIDEGATE_URL: url,
    ...(person && { TIDEGATE_TOKEN: tokenOf(person) }),
  };
  const child = spawn(process.execPath, [main, ...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  started.push(child);
  return child;
}

export async function finished(child: ReturnType<Cli['start']>): Promise<Finished> {
  const [out, err] = [collect(child.stdout), collect(child.stderr)];
  const code = await new Promise<number | null>((done) => child.once('close', done));
  return { code, out: out.join(''), err: err.join('') };
}

function collect(stream: Readable): string[] {
  const parts: string[] = [];
  stream.setEncoding('utf8').on('data', (part: string) => parts.push(part));
  return parts;
}

/** Resolves once the stream has said what is waited for; rejects when it ends before. */
export function saying(stream: Readable, wanted: RegExp): Promise<string> {
  return new Promise((done, failed) => {
    let text = '';
    stream.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      if (wanted.test(text)) done(text);
    });
    stream.once('end', () => failed(new Error(`it ended without saying ${String(wanted)}: ${text}`)));
  });
}

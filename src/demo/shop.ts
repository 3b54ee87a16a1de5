import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DemoPaths, Stage } from './paths';
import { commitOf, FIRST_VERSION, inCheckout, type Repository } from './repository';

/** What a stage of the shop says of itself at `/api/version`. */
export interface Served {
  readonly version: string;
  readonly sha: string;
  readonly deployment: string;
}

/** One stage of the shop: a real process behind a port, put there by the shop's own `deploy.sh`. */
export interface Shop {
  readonly stage: Stage;
  readonly url: string;
  readonly port: number;
  readonly target: string;
  /** The PATH on which its scripts find bash and node. */
  readonly programs: string;
}

const ANSWER_MS = 3_000;

/** Asks the shop. @throws when it does not answer with JSON in time */
export async function askShop<T>(shop: Shop, path: string): Promise<T> {
  const response = await fetch(new URL(path, shop.url), { signal: AbortSignal.timeout(ANSWER_MS) });
  if (!response.ok) throw new Error(`${shop.stage} answers ${response.status} to ${path}`);
  return (await response.json()) as T;
}

/** What the shop charges for some pieces of a product, in cents. */
export async function askPrice(shop: Shop, sku: string, pieces: number): Promise<number> {
  const query = new URLSearchParams({ sku, pieces: String(pieces) });
  return (await askShop<{ total: number }>(shop, `/api/price?${query.toString()}`)).total;
}

export const askVersion = (shop: Shop): Promise<Served> => askShop<Served>(shop, '/api/version');

const readText = (path: string): Promise<string | null> => readFile(path, 'utf8').catch(() => null);

/** The settings that a stage's `deploy.sh` reads, as its environment file. */
export async function writeEnvFile(paths: DemoPaths, shop: Shop): Promise<void> {
  const settings = { SHOP_ENV: shop.stage, PORT: shop.port, TARGET: shop.target };
  // Single quotes: a folder may have blanks or a # in its name.
  const lines = Object.entries(settings).map(([name, value]) => `${name}='${value}'`);
  await writeFile(paths.envFile(shop.stage), `${lines.join('\n')}\n`);
}

/** Runs a checkout's `deploy.sh` as the script contract says (4-interfaces §3). @throws with its last words */
export function runDeployScript(
  shop: Shop,
  folder: string,
  served: Served,
  args: readonly string[] = [],
): Promise<string> {
  const env = {
    PATH: shop.programs,
    SHOP_ENV: shop.stage,
    PORT: String(shop.port),
    TARGET: shop.target,
    TIDEGATE_SERVICE: 'shop',
    TIDEGATE_ENV: shop.stage,
    TIDEGATE_DEPLOYMENT_ID: served.deployment,
    TIDEGATE_VERSION: served.version,
    TIDEGATE_SHA: served.sha,
    TIDEGATE_STRATEGY: 'all-at-once',
    TIDEGATE_ATTEMPT: '1',
  };
  return new Promise((resolve, reject) => {
    const child = spawn(join(folder, 'scripts/deploy.sh'), args, {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0
        ? resolve(output)
        : reject(new Error(`deploy.sh for ${shop.stage} ended with ${code}: ${output.trim()}`)),
    );
  });
}

/** The build that ran when the demo was last stopped. */
async function lastBuild(shop: Shop): Promise<{ readonly folder: string; readonly served: Served } | null> {
  const sha = (await readText(join(shop.target, 'current')))?.trim();
  if (!sha) return null;
  const folder = join(shop.target, 'builds', sha);
  const release = await readText(join(folder, 'release.json'));
  return release === null ? null : { folder, served: JSON.parse(release) as Served };
}

/**
 * Brings a stage up: what ran last is started again (nothing happens when it runs still); the very first time
 * v1.4.2 is deployed.
 */
export async function bringUp(repository: Repository, shop: Shop): Promise<Served> {
  const last = await lastBuild(shop);
  if (last) {
    await runDeployScript(shop, last.folder, last.served);
    return last.served;
  }
  const tag = `v${FIRST_VERSION}`;
  const sha = await commitOf(repository, tag);
  const first = { version: FIRST_VERSION, sha, deployment: `shop-${shop.stage}-0` };
  await inCheckout(repository, tag, (folder) => runDeployScript(shop, folder, first));
  return first;
}

/** Whether a process of this stage runs, whoever started it. */
export const isUp = async (shop: Shop): Promise<boolean> => (await livePid(shop)) !== null;

/** The pid of the stage's process when it is alive; pid files of builds elsewhere are not ours. */
async function livePid(shop: Shop): Promise<number | null> {
  const pid = Number((await readText(join(shop.target, 'shop.pid')))?.trim());
  if (!Number.isSafeInteger(pid) || pid <= 1) return null;
  try {
    process.kill(pid, 0);
  } catch {
    return null;
  }
  const command = await readText(`/proc/${pid}/cmdline`);
  return command === null || command.includes(shop.target) ? pid : null;
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It left in the meantime.
  }
}

/** Ends the stage's process; what it ran stands on disk for the next start. */
export async function takeDown(shop: Shop): Promise<void> {
  const pid = await livePid(shop);
  if (pid === null) return;
  signal(pid, 'SIGTERM');
  const patience = Date.now() + 5_000;
  while ((await livePid(shop)) !== null) {
    if (Date.now() > patience) signal(pid, 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

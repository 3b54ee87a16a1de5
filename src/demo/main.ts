import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import type { ObtainedTemporal } from '../temporal/obtain';
import { connectApi } from './api';
import { timeOfDay, localZone, writeConfig, type Tides } from './config';
import { createEndings, type Endings } from './endings';
import { createGit } from './git';
import { lockState } from './lock';
import { createNarrator, type Narrator } from './narrator';
import { demoPaths, STAGES, type DemoPaths } from './paths';
import { demoTokens, type Tokens } from './people';
import { choosePorts } from './ports';
import { untilQuiet } from './quiet';
import { createRepository, type Repository } from './repository';
import type { Mode, Scene } from './scene';
import { bringUp, isUp, takeDown, writeEnvFile, type Shop } from './shop';
import { MissedTide, runStory, type Tale } from './story';
import { startTraffic } from './traffic';

/** The running product: all roles, as `tidegate up` starts them. */
export interface Product {
  readonly url: string;
  stop(): Promise<void>;
}

export interface ProductOptions {
  readonly configPath: string;
  readonly stateDir: string;
  readonly temporal: ObtainedTemporal;
  readonly port: number;
}

export interface DemoOptions {
  readonly mode: Mode;
  readonly stateDir: string;
  /** Writes one line to the person who watches. */
  readonly write: (line: string) => void;
  readonly colour: boolean;
  /** The environment of this process, from which the PATH is taken. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Ctrl-C: everything that was started ends, the state stays on disk. */
  readonly signal: AbortSignal;
  readonly startProduct: (options: ProductOptions) => Promise<Product>;
  readonly obtainTemporal: (options: {
    readonly stateDir: string;
    readonly namespace: string;
    readonly say: (line: string) => void;
  }) => Promise<ObtainedTemporal>;
}

/** Seconds from a start to T1, and from T1 to T2: a person needs time to look, the demo itself only to deploy. */
const LEADS: Readonly<Record<Mode, { readonly t1: number; readonly t2: number }>> = {
  interactive: { t1: 30, t2: 150 },
  auto: { t1: 15, t2: 40 },
  break: { t1: 15, t2: 40 },
};
/** How often the slots are set anew for a bug that missed them; each time with more room. */
const ATTEMPTS = 4;

/** What stands while slots come and go. */
interface Ground {
  readonly options: DemoOptions;
  readonly paths: DemoPaths;
  readonly repository: Repository;
  readonly shops: { readonly uat: Shop; readonly prod: Shop };
  readonly tokens: Tokens;
  readonly port: number;
  readonly temporal: ObtainedTemporal;
  readonly narrator: Narrator;
}

/** A namespace of the state folder's own, so that two demos on one Temporal server never meet. */
function namespaceOf(paths: DemoPaths): string {
  return `tidegate-demo-${createHash('sha256').update(paths.state).digest('hex').slice(0, 8)}`;
}

async function prepareShops(
  paths: DemoPaths,
  programs: string,
  narrator: Narrator,
): Promise<{ shops: Ground['shops']; port: number }> {
  const at = (stage: 'uat' | 'prod', port: number): Shop => {
    return { stage, port, url: `http://127.0.0.1:${port}`, target: paths.target(stage), programs };
  };
  const holds = async (name: string, port: number): Promise<boolean> => name !== 'api' && isUp(at(name as 'uat', port));
  const ports = await choosePorts(paths, holds, narrator.tell);
  const shops = { uat: at('uat', ports.uat), prod: at('prod', ports.prod) };
  await Promise.all(STAGES.map((stage) => writeEnvFile(paths, shops[stage])));
  return { shops, port: ports.api };
}

async function openShops(ground: Pick<Ground, 'repository' | 'shops' | 'narrator'>, endings: Endings): Promise<void> {
  const { repository, shops, narrator } = ground;
  for (const stage of STAGES) {
    const shop = shops[stage];
    endings.add(`the shop's ${stage}`, async () => {
      await untilQuiet(shop);
      await takeDown(shop);
    });
    const { version, sha } = await bringUp(repository, shop);
    narrator.tell(`the shop's ${stage.toUpperCase()} runs ${version} (${sha.slice(0, 7)}) at ${shop.url}`);
    const traffic = startTraffic(shop);
    endings.add(`the traffic to ${stage}`, () => traffic.stop());
  }
}

/** Everything below the product: sample service, traffic, Temporal. */
async function prepare(options: DemoOptions, narrator: Narrator, endings: Endings): Promise<Ground> {
  const paths = demoPaths(options.stateDir);
  await mkdir(paths.state, { recursive: true });
  endings.add('the lock', await lockState(paths.lock));
  const programs = options.env.PATH ?? '';
  const repository = { folder: paths.repository, git: createGit(programs) };
  await createRepository(repository);
  const tokens = await demoTokens(paths);
  const { shops, port } = await prepareShops(paths, programs, narrator);
  await openShops({ repository, shops, narrator }, endings);
  options.signal.throwIfAborted();
  const say = narrator.tell;
  const temporal = await options.obtainTemporal({ stateDir: paths.state, namespace: namespaceOf(paths), say });
  endings.add('Temporal', () => temporal.stop());
  options.signal.throwIfAborted();
  return { options, paths, repository, shops, tokens, port, temporal, narrator };
}

function nextTides(mode: Mode, attempt: number): Tides {
  const { t1, t2 } = LEADS[mode];
  const t1At = Math.ceil(Date.now() / 1000 + t1 * attempt) * 1000;
  return { t1: t1At, t2: t1At + t2 * attempt * 1000 };
}

function announce({ narrator, temporal }: Ground, url: string, { t1, t2 }: Tides): void {
  const zone = localZone();
  narrator.tell(`Tidegate is up at ${url} (API description at ${url}/docs)`);
  if (temporal.uiUrl !== null) narrator.tell(`Temporal UI at ${temporal.uiUrl}`);
  narrator.tell(`T1 (to UAT) at ${timeOfDay(t1, zone)}, T2 (to PROD) at ${timeOfDay(t2, zone)}, ${zone}`);
}

/** One start of the product with slots a short time ahead, and the story on it. Answers a tale that missed its slot. */
async function playOnce(ground: Ground, begun: Tale | null, attempt: number): Promise<Tale | null> {
  const { options, paths, repository, shops, tokens, port, temporal, narrator } = ground;
  const tides = nextTides(options.mode, attempt);
  await writeConfig(paths, [shops.uat, shops.prod], tides);
  const product = await options.startProduct({ configPath: paths.config, stateDir: paths.state, temporal, port });
  try {
    options.signal.throwIfAborted();
    announce(ground, product.url, tides);
    const api = connectApi(product.url, tokens);
    const { mode, signal } = options;
    const scene = { mode, api, apiUrl: product.url, paths, repository, ...shops, narrator, signal };
    if (mode === 'interactive') await playForPeople(scene, begun);
    else await runStory(scene, begun);
    return null;
  } catch (error) {
    if (!(error instanceof MissedTide)) throw error;
    narrator.tell(`${error.message}; setting T1 and T2 anew`);
    return error.tale;
  } finally {
    await product.stop();
  }
}

/** People may end the tale otherwise than planned (reject, close): then it is told, and everything stays open to look at. */
async function playForPeople(scene: Scene, begun: Tale | null): Promise<void> {
  const { narrator, signal } = scene;
  try {
    await runStory(scene, begun);
    narrator.tell('that was the whole way');
  } catch (error) {
    if (error instanceof MissedTide || signal.aborted) throw error;
    narrator.tell(error instanceof Error ? error.message : String(error));
  }
  narrator.tell('look around; Ctrl-C stops everything, and the next start goes on from here');
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

async function play(ground: Ground): Promise<void> {
  const { mode } = ground.options;
  let tale: Tale | null = null;
  for (let attempt = 1; mode === 'interactive' || attempt <= ATTEMPTS; attempt += 1) {
    // A person's pace asks for no longer slots, the machine's does.
    tale = await playOnce(ground, tale, mode === 'interactive' ? 1 : attempt);
    if (tale === null) return;
  }
  throw new Error(`this machine was too slow for the slots of the demo, ${ATTEMPTS} times in a row`);
}

/**
 * The demo: the real product on a sample service in the state folder (4-interfaces §1). Answers the exit code: 0 when
 * what the story tells came true (interactive: when it was stopped), 1 when not, 130 after Ctrl-C in the middle.
 */
export async function runDemo(options: DemoOptions): Promise<number> {
  const narrator = createNarrator({ write: options.write, colour: options.colour, now: () => Date.now() });
  const endings = createEndings(narrator.tell);
  try {
    await play(await prepare(options, narrator, endings));
    return 0;
  } catch (error) {
    if (options.signal.aborted) return options.mode === 'interactive' ? 0 : 130;
    narrator.tell(`the demo failed: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  } finally {
    narrator.tell(`stopping; the state stays in ${options.stateDir}`);
    await endings.run();
  }
}

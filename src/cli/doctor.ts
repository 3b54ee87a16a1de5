/** `tidegate doctor`: what is there and what is not, with a mend for each line. */
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import type { Environment } from '../api/schemas/environment';
import { loadConfig } from '../config/load';
import type { LoadedService } from '../config/loaded';
import { processVariables } from '../config/process-env';
import { doing, type Context, type Io, type Outcome } from './context';
import { EXIT } from './exit';
import { line } from './terminal';
import { nobody } from './words';

export interface Finding {
  readonly name: string;
  readonly state: 'ok' | 'hint' | 'bad';
  readonly detail: string;
  /** What to do; null where nothing is to be done. */
  readonly mend: string | null;
}

const SIGNS = { ok: '✔', hint: '!', bad: '✖' } as const;
const NODE = [20, 19] as const;

export function addDoctorCommand(program: Command, io: Io): void {
  program
    .command('doctor')
    .description('what is there, what is missing, and how to mend it; exit 1 when something must be mended')
    .option('--config <path>', 'a file, or a folder with one file per service')
    .option('--state-dir <folder>', 'ledger, mirrors, logs')
    .action(doing(io, doctor));
}

async function doctor(context: Context): Promise<Outcome> {
  const { services, finding } = configured(context);
  const findings: Finding[] = [
    nodeVersion(process.versions.node),
    await program('git', ['--version'], 'bad', 'Install git: Tidegate keeps a mirror of every repository.'),
    await program('flock', ['--version'], 'bad', 'Install util-linux: flock keeps two deployments apart.'),
    await program('setsid', ['--version'], 'bad', 'Install util-linux: setsid lets a deployment outlive its worker.'),
    await program('java', ['-version'], 'hint', 'Only for the time-skipping server where it cannot be downloaded.'),
    await program('go', ['version'], 'hint', 'Only to build a Temporal server where none can be downloaded.'),
    finding,
    ...(await Promise.all(services.flatMap(scripts))),
    await stateFolder(context),
    await ledger(context),
    await temporal(context),
    ...(await stuck(context)),
    ...(await api(context)),
    ...(await unattended(context)),
  ];
  const bad = findings.filter(({ state }) => state === 'bad').length;
  const lines = findings.map(
    ({ name, state, detail, mend }) =>
      `${SIGNS[state]} ${line(`${name}: ${detail}`)}${mend === null ? '' : ` → ${mend}`}`,
  );
  const end = bad === 0 ? 'All is there.' : `${bad} to mend.`;
  const exit = bad === 0 ? EXIT.ok : EXIT.error;
  return { json: { ok: bad === 0, findings }, text: [...lines, end].join('\n'), exit };
}

const ok = (name: string, detail: string): Finding => ({ name, state: 'ok', detail, mend: null });
const bad = (name: string, detail: string, mend: string): Finding => ({ name, state: 'bad', detail, mend });

export function nodeVersion(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const enough = major > NODE[0] || (major === NODE[0] && minor >= NODE[1]);
  return enough ? ok('Node', version) : bad('Node', version, `Install Node ${NODE.join('.')} or newer.`);
}

function program(name: string, args: readonly string[], missing: 'bad' | 'hint', mend: string): Promise<Finding> {
  return new Promise((done) => {
    execFile(name, [...args], { timeout: 10_000 }, (error, stdout, stderr) => {
      if (error) return done({ name, state: missing, detail: 'not on the PATH', mend });
      done(ok(name, (stdout || stderr).split('\n')[0] ?? 'there'));
    });
  });
}

function configured({ io, settings }: Context): { services: readonly LoadedService[]; finding: Finding } {
  const options = { configPath: settings.configPath, cwd: io.cwd, variables: processVariables() };
  try {
    const services = loadConfig({ ...options, secrets: 'require' });
    const names = services.map(({ policy }) => policy.service).join(', ');
    return { services, finding: ok('configuration', names) };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return {
      services: [],
      finding: bad('configuration', detail, 'See tidegate config check; tidegate init writes one.'),
    };
  }
}

/** A script that a path pins must be there and run; one from the candidate is checked before each deployment. */
function scripts({ policy, wiring }: LoadedService): readonly Promise<Finding>[] {
  return Object.values(wiring.environments).map(async ({ name, deploy }) => {
    const what = `deploy script of ${policy.service}/${name}`;
    if (deploy.driver !== 'script') return ok(what, `driver ${deploy.driver}`);
    if (deploy.scriptFrom.from !== 'path') return ok(what, `${deploy.script} of the ${deploy.scriptFrom.from}`);
    const { path } = deploy.scriptFrom;
    const runs = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    return runs ? ok(what, path) : bad(what, `${path} cannot be run`, `Put it there and chmod +x it.`);
  });
}

async function stateFolder({ settings }: Context): Promise<Finding> {
  const folder = resolve(settings.stateDir);
  for (let path = folder; ; path = dirname(path)) {
    if (!(await stat(path).catch(() => null)) && dirname(path) !== path) continue;
    const writable = await access(path, constants.W_OK).then(
      () => true,
      () => false,
    );
    return writable
      ? ok('state folder', folder)
      : bad('state folder', `${path} cannot be written`, 'Give it to your user.');
  }
}

async function ledger({ settings }: Context): Promise<Finding> {
  try {
    await (await import('../admin.js')).probeLedger(settings);
    return ok('ledger', 'can be opened');
  } catch (error) {
    return bad('ledger', sentenceOf(error), 'Check the file and its rights, or name another with TIDEGATE_LEDGER.');
  }
}

async function temporal({ settings }: Context): Promise<Finding> {
  try {
    return ok('Temporal', `answers at ${await (await import('../admin.js')).probeTemporal(settings)}`);
  } catch (error) {
    return bad('Temporal', sentenceOf(error), 'tidegate up starts one; or set TEMPORAL_ADDRESS.');
  }
}

/** Runs that no worker can go on with: which, and where the way out is written. */
async function stuck({ settings }: Context): Promise<readonly Finding[]> {
  const runs = await (await import('../admin.js')).probeRuns(settings).catch(() => []);
  const mend = 'Roll the worker back: see "A poison task" in docs/operations.md.';
  return runs.map(({ id, why }) => bad(`run ${id}`, why, mend));
}

/** Environments that nobody works for, as far as the API may tell us. */
async function unattended({ api: client }: Context): Promise<readonly Finding[]> {
  const answer = await client.probe('/v1/environments?limit=100');
  const items = answer?.status === 200 ? (answer.body as { readonly items: readonly Environment[] }).items : [];
  return items.flatMap((environment) => {
    const { service, env } = environment;
    const detail = nobody(environment);
    if (detail === null) return [];
    return [
      bad(`worker of ${service}/${env}`, detail, `tidegate worker --service ${service} --env ${env} starts one.`),
    ];
  });
}

async function api({ api: client, settings }: Context): Promise<readonly Finding[]> {
  const ready = await client.probe('/readyz');
  if (ready === null) {
    return [bad('API', `no answer at ${client.url}`, 'Start it with tidegate up, or set TIDEGATE_URL.')];
  }
  const reached =
    ready.status === 200 ? ok('API', `ready at ${client.url}`) : bad('API', 'not ready', 'See the lines above.');
  if (settings.token === null) {
    const mend = 'Set TIDEGATE_TOKEN to use the commands that ask the API.';
    return [reached, { name: 'token', state: 'hint', detail: 'none is set', mend }];
  }
  const inbox = await client.probe('/v1/inbox?limit=1');
  const known = inbox?.status === 200;
  const mend = 'Make one with tidegate auth token and put its sha256 into the configuration.';
  return [reached, known ? ok('token', 'is known') : bad('token', 'nobody has it', mend)];
}

const sentenceOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** `tidegate up|worker|api|demo`: the roles, loaded only when one is started. */
import { Option, type Command } from 'commander';
import { doing, text, type Context, type Io, type Outcome } from './context';
import { CliFailure, EXIT } from './exit';

type Options = Readonly<Record<string, unknown>>;

export function addRoleCommands(program: Command, io: Io): void {
  const role = (name: string, description: string): Command =>
    program
      .command(name)
      .description(description)
      .option('--config <path>', 'a file, or a folder with one file per service')
      .option('--state-dir <folder>', 'ledger, mirrors, logs')
      .option('--namespace <name>', 'namespace in Temporal');
  const listening = (command: Command): Command =>
    command.option('--host <address>', 'where to listen; loopback by default').option('--port <number>');
  listening(role('up', 'everything in one process, with the embedded defaults')).action(doing(io, up));
  listening(role('api', 'the HTTP API alone')).action(doing(io, api));
  role('codec-server', 'makes sealed payloads readable in Temporal’s UI and CLI, for people with a token')
    .option('--host <address>', 'where to listen; loopback by default')
    .option('--codec-port <number>')
    .option('--ui-origin <url>', 'where Temporal’s UI is served')
    .action(doing(io, codecServer));
  role('worker', 'a worker alone')
    .option('--service <name>', 'with --env: only what touches one environment')
    .option('--env <name>')
    .option('--main', 'only what concerns no environment: it holds no credentials of any')
    .action(doing(io, worker));
  program
    .command('demo')
    .description('the real product on a sample service')
    .option('--state-dir <folder>')
    .addOption(new Option('--auto', 'press the buttons itself, end when it is in PROD').conflicts('break'))
    .option('--break', 'ship a fix that raises the error rate: see the rollback')
    .action(doing(io, demo));
}

/** Runs a role until it ends or the process is told to stop; a second Ctrl-C does not wait. */
async function running(context: Context, run: (signal: AbortSignal) => Promise<void>): Promise<Outcome> {
  const controller = new AbortController();
  const got: NodeJS.Signals[] = [];
  const stop = (name: NodeJS.Signals): void => {
    got.push(name);
    if (got.length > 1) process.exit(EXIT.interrupted);
    controller.abort();
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  try {
    await run(controller.signal);
    const interrupted = got.includes('SIGINT');
    return { json: { ended: true, interrupted }, text: null, exit: interrupted ? EXIT.interrupted : EXIT.ok };
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}

const optionsOf = (context: Context, signal: AbortSignal) => ({
  settings: context.settings,
  say: (sentence: string) => context.line(sentence),
  signal,
});

function up(context: Context): Promise<Outcome> {
  return running(context, async (signal) => (await import('../admin.js')).runUp(optionsOf(context, signal)));
}

function api(context: Context): Promise<Outcome> {
  return running(context, async (signal) => (await import('../admin.js')).runApi(optionsOf(context, signal)));
}

function codecServer(context: Context): Promise<Outcome> {
  return running(context, async (signal) => (await import('../admin.js')).runCodecServer(optionsOf(context, signal)));
}

function worker(context: Context, _args: readonly string[], options: Options): Promise<Outcome> {
  const [service, env] = [text(options, 'service'), text(options, 'env')];
  if ((service === undefined) !== (env === undefined)) {
    throw new CliFailure(EXIT.usage, '--service and --env go together: they name the one environment to work for.');
  }
  const main = options['main'] === true;
  if (main && service !== undefined) {
    throw new CliFailure(EXIT.usage, '--main and --service exclude each other: a worker has one share of the work.');
  }
  const only = main ? 'main' : service === undefined || env === undefined ? null : { service, env };
  return running(context, async (signal) => (await import('../admin.js')).runWorker(optionsOf(context, signal), only));
}

/** The demo minds its own Ctrl-C, for it has shops to close, and answers its own exit code. */
async function demo({ settings, line }: Context, _args: readonly string[], options: Options): Promise<Outcome> {
  const mode = options['auto'] === true ? 'auto' : options['break'] === true ? 'break' : 'interactive';
  const { runDemonstration } = await import('../admin.js');
  const code = await runDemonstration(mode, settings.stateDir, line);
  const exit = code === EXIT.ok || code === EXIT.interrupted ? code : EXIT.error;
  return { json: { mode, cameTrue: code === EXIT.ok }, text: null, exit };
}

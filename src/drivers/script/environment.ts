/** The variables a script sees: those of the contract, those of its environment file, and a few that any program needs. */
import { readFile } from 'node:fs/promises';
import { basename, delimiter, dirname } from 'node:path';
import { parseEnv } from 'node:util';
import { TidegateFailure } from '../../domain/failures';
import { redact, REDACTED } from '../../domain/redact';
import type { DeployOrder } from '../../ports/deployer';

export type Variables = Readonly<Record<string, string>>;

/** What of the worker's own environment reaches a script; a credential of the worker never does (E15, F54). */
const PASSED_ON = ['PATH', 'HOME', 'LANG', 'TZ', 'TMPDIR', 'USER', 'SHELL'] as const;
/** The open file that carries the lock of the environment (6-faults E3). */
const LOCK_FD = '9';

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Reads `KEY=value` lines literally: quotes group, nothing is expanded. @throws BadPlan for what is no such line */
export function parseEnvFile(text: string, name: string): Variables {
  const parsed = Object.entries(parseEnv(text)).filter((pair): pair is [string, string] => pair[1] !== undefined);
  for (const [key] of parsed) {
    if (VARIABLE.test(key)) continue;
    throw new TidegateFailure(
      'BadPlan',
      `${name} holds the line ${JSON.stringify(key.split('\n')[0])}, which is not KEY=value (a key is letters, digits and underscores). Mend the line.`,
    );
  }
  return Object.fromEntries(parsed);
}

const errorCode = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);

/** @throws BadPlan when the file is missing or malformed */
export async function readEnvFile(path: string | null): Promise<Variables> {
  if (path === null) return {};
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new TidegateFailure(
      'BadPlan',
      `The environment file ${path} cannot be read (${errorCode(error)}). Create it on this host, or correct envFile in tidegate.yaml.`,
    );
  });
  return parseEnvFile(text, basename(path));
}

const PLACEHOLDER = /^(change[-_ ]?me|<.*>|x{3,}|todo|fixme)$/i;

/**
 * What keeps an environment file from being used: keys of the template that it lacks or leaves empty, and values
 * that are still placeholders. Empty when it is complete. Values are never repeated.
 */
export function envFileProblems(values: Variables, required: readonly string[]): readonly string[] {
  const missing = required.filter((key) => !Object.hasOwn(values, key)).map((key) => `${key} is missing`);
  const empty = required.filter((key) => values[key]?.trim() === '').map((key) => `${key} is empty`);
  const unset = Object.entries(values)
    .filter(([, value]) => PLACEHOLDER.test(value.trim()))
    .map(([key]) => `${key} is still a placeholder`);
  return [...missing, ...empty, ...unset];
}

function passedOn(host: Readonly<Record<string, string | undefined>>): Variables {
  return Object.fromEntries(
    PASSED_ON.flatMap((name) => {
      const value = host[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

export interface ScriptContext {
  readonly service: string;
  readonly env: string;
  /** The worker's own environment, from which only a few names are passed on. */
  readonly host: Readonly<Record<string, string | undefined>>;
  readonly envFile: Variables;
}

/** What a script that may switch is given beyond its order: how to be refused when it is stale (6-faults E3). */
export interface SwitchGuard {
  /** Folder of the environment on this host: lock, gate and highest fence. */
  readonly state: string;
  /** Absolute path of `tidegate-fence`. */
  readonly tool: string;
  /** Whether the script inherits the lock. */
  readonly locked: boolean;
}

function guardVariables({ state, tool, locked }: SwitchGuard, path: string | undefined): Variables {
  return {
    TIDEGATE_STATE: state,
    TIDEGATE_FENCE_TOOL: tool,
    // Last, so that it hides nothing of the host.
    PATH: [path, dirname(tool)].filter(Boolean).join(delimiter),
    ...(locked ? { TIDEGATE_LOCK_FD: LOCK_FD } : {}),
  };
}

/**
 * The contract's variables (4-interfaces §3). Without an order (`--status`) those of a deployment are empty, not absent:
 * scripts run under `set -u`. Later ones win, so an environment file cannot pose as the contract.
 */
export function scriptVariables(
  context: ScriptContext,
  order: DeployOrder | null,
  guard: SwitchGuard | null,
): Variables {
  const given = { ...passedOn(context.host), ...context.envFile };
  return {
    ...given,
    TIDEGATE_SERVICE: context.service,
    TIDEGATE_ENV: context.env,
    ...(order === null ? NO_DEPLOYMENT : deploymentVariables(order)),
    ...(guard === null ? {} : guardVariables(guard, given.PATH)),
  };
}

function deploymentVariables(order: DeployOrder) {
  return {
    TIDEGATE_DEPLOYMENT_ID: order.deployment,
    TIDEGATE_VERSION: order.to.version,
    TIDEGATE_SHA: order.to.sha,
    TIDEGATE_PREVIOUS_VERSION: order.previous?.version ?? '',
    TIDEGATE_PREVIOUS_SHA: order.previous?.sha ?? '',
    TIDEGATE_STRATEGY: order.strategy,
    TIDEGATE_ATTEMPT: String(order.attempt),
    TIDEGATE_FENCE: String(order.fence),
  };
}

const NO_DEPLOYMENT: Record<keyof ReturnType<typeof deploymentVariables>, ''> = {
  TIDEGATE_DEPLOYMENT_ID: '',
  TIDEGATE_VERSION: '',
  TIDEGATE_SHA: '',
  TIDEGATE_PREVIOUS_VERSION: '',
  TIDEGATE_PREVIOUS_SHA: '',
  TIDEGATE_STRATEGY: '',
  TIDEGATE_ATTEMPT: '',
  TIDEGATE_FENCE: '',
};

const SECRET_NAME = /SECRET|TOKEN|PASS|KEY|CREDENTIAL|PRIVATE|DSN|COOKIE|SALT|AUTH/i;
/** Shorter values are too common to be told from ordinary text. */
const MIN_SECRET = 6;

/** The password of a URL such as postgres://user:password@host, as it is written. */
function urlPassword(value: string): readonly string[] {
  const [, password] = /:\/\/[^:/@\s]*:([^@\s]+)@/.exec(value) ?? [];
  return password === undefined ? [] : [password];
}

/**
 * Takes secrets out of text that leaves the script (abuse 22): values of the environment file whose key sounds like a
 * secret, passwords in its URLs, and whatever looks like a secret of its own.
 */
export function createRedactor(values: Variables): (text: string) => string {
  const secrets = Object.entries(values)
    .flatMap(([key, value]) => [...(SECRET_NAME.test(key) ? value.split('\n') : []), ...urlPassword(value)])
    .filter((secret) => secret.length >= MIN_SECRET)
    .sort((a, b) => b.length - a.length);
  return (text) => redact(secrets.reduce((left, secret) => left.replaceAll(secret, REDACTED), text));
}

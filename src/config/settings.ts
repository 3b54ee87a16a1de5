/** Settings of a process (not of a service): flags > TIDEGATE_* > defaults (4-interfaces §2). */
import { join } from 'node:path';
import { z } from 'zod';
import { ConfigError, didYouMean } from './problems';
import type { Problem } from './problems';
import { httpUrl, whole, words } from './scalars';
import { readSecret, secret } from './secrets';
import type { Secret, Variables } from './secrets';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface Settings {
  /** Address of the API for clients. */
  readonly url: string;
  /** Bearer token of a client, or null. */
  readonly token: Secret | null;
  /** Where the API listens; loopback by default (5-quality §2). */
  readonly listen: { readonly host: string; readonly port: number };
  /** Where the codec server listens, on the same host, and the one page that may ask it: Temporal's UI. */
  readonly codec: { readonly port: number; readonly origin: string };
  /** File or folder of the configuration, or null: the nearest tidegate.yaml. */
  readonly configPath: string | null;
  /** Folder of state: ledger, logs, caches. */
  readonly stateDir: string;
  /** Path of a SQLite file, or a `postgres://` address (it may hold a password). */
  readonly ledger: Secret;
  /** File that the end of the ledger's chain is exported to; best on another disk or host (6-faults E18). */
  readonly checkpoints: string;
  readonly temporal: {
    /** Address from TEMPORAL_ADDRESS; null: look for a server. */
    readonly address: string | null;
    readonly namespace: string;
    /** Executables named by TEMPORAL_CLI and TEMPORAL_TEST_SERVER, or null. */
    readonly cli: string | null;
    readonly testServer: string | null;
  };
  /** Worker Versioning (3-architecture §3 rule 10); null: off. */
  readonly deployment: string | null;
  readonly buildId: string | null;
  readonly logLevel: LogLevel;
  /** Where a worker tells its health check whether it is ready, on loopback; null: nowhere. */
  readonly healthPort: number | null;
}

/** What flags may say; absent: not given. */
export interface SettingFlags {
  readonly url?: string;
  readonly token?: string;
  readonly host?: string;
  readonly port?: string;
  readonly codecPort?: string;
  readonly uiOrigin?: string;
  readonly config?: string;
  readonly stateDir?: string;
  readonly ledger?: string;
  readonly checkpoints?: string;
  readonly namespace?: string;
  readonly logLevel?: string;
}

const port = z
  .string()
  .regex(/^\d{1,5}$/, { error: 'a port from 0 to 65535' })
  .transform(Number)
  .pipe(whole(0, 65_535));
const NAMESPACE_ALLOWED = 'a name of letters, digits, dots and dashes';
const namespace = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, { error: NAMESPACE_ALLOWED });

/** @throws ConfigError that names each wrong variable or flag. */
export function loadSettings(flags: SettingFlags, variables: Variables): Settings {
  const problems: Problem[] = [];
  const read = <T>(flag: keyof SettingFlags | null, variable: string, schema: z.ZodType<T>, otherwise: T): T => {
    const fromFlag = flag === null ? undefined : flags[flag];
    const value = fromFlag ?? variables[variable];
    // An empty variable is how shells and compose files say "not set".
    if (value === undefined || value === '') return otherwise;
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    problems.push(settingProblem(fromFlag === undefined ? variable : flagName(flag), value, parsed.error));
    return otherwise;
  };
  /** An address with a password may stand in a file, as containers are given secrets. */
  const behind = (ledger: string): string => {
    if (!ledger.startsWith('file:')) return ledger;
    const reading = readSecret(ledger, '.', variables);
    if (reading.ok) return reading.value;
    const { found, allowed } = reading;
    problems.push({ ...NOWHERE, path: 'TIDEGATE_LEDGER', found, allowed });
    return ledger;
  };
  const host = read('host', 'TIDEGATE_HOST', words, DEFAULT_HOST);
  const listenPort = read('port', 'TIDEGATE_PORT', port, DEFAULT_PORT);
  const stateDir = read('stateDir', 'TIDEGATE_STATE', words, '.tidegate');
  const token = read<string | null>('token', 'TIDEGATE_TOKEN', words, null);
  const settings: Settings = {
    url: read('url', 'TIDEGATE_URL', httpUrl, `http://${DEFAULT_HOST}:${listenPort}`).replace(/\/+$/, ''),
    token: token === null ? null : secret(token),
    listen: { host, port: listenPort },
    codec: {
      port: read('codecPort', 'TIDEGATE_CODEC_PORT', port, DEFAULT_CODEC_PORT),
      origin: new URL(read('uiOrigin', 'TIDEGATE_UI_ORIGIN', httpUrl, DEFAULT_UI_ORIGIN)).origin,
    },
    configPath: read<string | null>('config', 'TIDEGATE_CONFIG', words, null),
    stateDir,
    ledger: secret(behind(read('ledger', 'TIDEGATE_LEDGER', words, join(stateDir, 'ledger.db')))),
    checkpoints: read('checkpoints', 'TIDEGATE_CHECKPOINTS', words, join(stateDir, 'checkpoints.jsonl')),
    temporal: {
      address: read<string | null>(null, 'TEMPORAL_ADDRESS', words, null),
      namespace: read('namespace', 'TEMPORAL_NAMESPACE', namespace, 'tidegate'),
      cli: read<string | null>(null, 'TEMPORAL_CLI', words, null),
      testServer: read<string | null>(null, 'TEMPORAL_TEST_SERVER', words, null),
    },
    deployment: read<string | null>(null, 'TIDEGATE_DEPLOYMENT', words, null),
    buildId: read<string | null>(null, 'TIDEGATE_BUILD_ID', words, null),
    logLevel: read('logLevel', 'TIDEGATE_LOG_LEVEL', z.enum(LOG_LEVELS, { error: LOG_LEVELS.join(', ') }), 'info'),
    healthPort: read<number | null>(null, 'TIDEGATE_HEALTH_PORT', port, null),
  };
  if (problems.length > 0) throw new ConfigError(problems);
  return settings;
}

const DEFAULT_HOST = '127.0.0.1';
const DEFAULT_PORT = 7400;
const DEFAULT_CODEC_PORT = 7401;
/** Where Temporal's dev server and our compose file show the UI. */
const DEFAULT_UI_ORIGIN = 'http://localhost:8233';

/** A variable is in no file. */
const NOWHERE = { file: null, line: null, column: null, didYouMean: null } as const;

function settingProblem(path: string, value: string, error: z.ZodError): Problem {
  return {
    ...NOWHERE,
    path,
    found: value.includes('@') ? 'a value that is not shown here' : JSON.stringify(value),
    allowed: error.issues[0]?.message ?? 'another value',
    didYouMean: didYouMean(value, path.toLowerCase().includes('level') ? LOG_LEVELS : []),
  };
}

const flagName = (flag: keyof SettingFlags | null): string =>
  `--${String(flag).replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

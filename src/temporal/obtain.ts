import { loadClientConfigProfile, toClientOptions } from '@temporalio/envconfig';
import type { Environment } from './cache';
import { findCli } from './cli';
import { startDevServer } from './dev-server';
import { firstLine, type Say } from './ladder';
import { isListening, LOOPBACK } from './ports';
import { prepare, type TemporalPlace } from './probe';

const DEFAULT_PORT = 7233;
const LOCAL_ADDRESS = `${LOOPBACK}:${DEFAULT_PORT}`;

export interface ObtainOptions {
  /** `find`: use a server that is there, else start one. `own`: always start one, on a free port (tests). */
  readonly mode: 'find' | 'own';
  /** Where a server of our own keeps its database and output, so that its state survives a restart. */
  readonly stateDir: string;
  /** Made when missing; a profile that names a namespace has the last word. */
  readonly namespace: string;
  /** Whether a server of our own also serves Temporal's web UI. */
  readonly ui: boolean;
  /** Keyword search attributes that a server of our own has from the start. */
  readonly searchAttributes?: readonly string[];
  readonly env: Environment;
  readonly say: Say;
}

const OWN_NEXT = 'Next: starting a server of our own.';

/** A Temporal server that answers, with its namespace in place. */
export interface ObtainedTemporal extends TemporalPlace {
  /** null when we do not know of one. */
  readonly uiUrl: string | null;
  /** Which way led to it, in words. */
  readonly source: string;
  /** Ends a server of our own for sure; leaves every other one alone. Harmless when repeated. */
  readonly stop: () => Promise<void>;
}

/**
 * Finds a Temporal server, or obtains one, in the order of the first-run contract; each way that does not work says so
 * and names the next. @throws NothingFound with every reason, when no way works
 */
export async function obtainTemporal(options: ObtainOptions): Promise<ObtainedTemporal> {
  const existing = options.mode === 'find' ? ((await fromProfile(options)) ?? (await fromLocalPort(options))) : null;
  return existing ?? startOwn(options);
}

async function fromProfile({ env, namespace, say }: ObtainOptions): Promise<ObtainedTemporal | null> {
  const next = `Next: a server on ${LOCAL_ADDRESS}.`;
  let place: TemporalPlace | null;
  try {
    place = profilePlace(env, namespace);
  } catch (error) {
    say(`Temporal: the profile file cannot be read (${firstLine(error)}). ${next}`);
    return null;
  }
  if (place === null) {
    say(`Temporal: neither TEMPORAL_ADDRESS nor a profile names a server. ${next}`);
    return null;
  }
  const source = env.TEMPORAL_ADDRESS ? 'TEMPORAL_ADDRESS' : 'the Temporal profile file';
  return (
    (await answers(place, source, say)) ?? sayAndNull(say, `Temporal: ${source} does not lead to a server. ${next}`)
  );
}

async function fromLocalPort({ namespace, say }: ObtainOptions): Promise<ObtainedTemporal | null> {
  if (!(await isListening(DEFAULT_PORT)))
    return sayAndNull(say, `Temporal: nothing listens on ${LOCAL_ADDRESS}. ${OWN_NEXT}`);
  const place = { address: LOCAL_ADDRESS, namespace, options: {} };
  return (
    (await answers(place, 'already running', say)) ??
    sayAndNull(say, `Temporal: ${LOCAL_ADDRESS} is not a Temporal server. ${OWN_NEXT}`)
  );
}

/**
 * The server that the standard variables or the profile file name, with its TLS or API key; null: they name none.
 * TLS or a key without an address is meant for the local port, never left out in silence.
 * @throws when a certificate or key cannot be read, or one of the two is missing
 */
export function profilePlace(env: Environment, namespace: string): TemporalPlace | null {
  const overrideEnvVars = Object.fromEntries(
    Object.entries(env).flatMap(([k, v]) => (v === undefined ? [] : [[k, v]])),
  );
  const profile = loadClientConfigProfile({ overrideEnvVars });
  const { address, tls, apiKey } = profile;
  if (address === undefined && tls === undefined && apiKey === undefined) return null;
  if ((tls?.clientCert === undefined) !== (tls?.clientKey === undefined)) {
    throw new Error(
      'A client certificate and its key go together: set both TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH.',
    );
  }
  const { connectionOptions } = toClientOptions(profile);
  const { address: _named, ...options } = connectionOptions;
  return { address: address ?? LOCAL_ADDRESS, namespace: profile.namespace ?? namespace, options };
}

async function answers(place: TemporalPlace, source: string, say: Say): Promise<ObtainedTemporal | null> {
  try {
    await prepare(place, 3_000);
  } catch (error) {
    say(`Temporal: no answer from ${place.address} (${firstLine(error)}).`);
    return null;
  }
  say(`Temporal: using ${place.address} (${source}), namespace ${place.namespace}.`);
  return { ...place, uiUrl: null, source, stop: () => Promise.resolve() };
}

async function startOwn(options: ObtainOptions): Promise<ObtainedTemporal> {
  const { env, say, stateDir, namespace, ui, mode, searchAttributes = [] } = options;
  const cli = await findCli(env, say);
  const port = mode === 'find' ? DEFAULT_PORT : null;
  const server = await startDevServer({ cli: cli.path, stateDir, namespace, port, ui, searchAttributes, env, say });
  const shown = server.uiUrl === null ? '' : `, web UI ${server.uiUrl}`;
  say(`Temporal: our own dev server is up at ${server.place.address}${shown}.`);
  return { ...server.place, uiUrl: server.uiUrl, source: `dev server (${cli.source})`, stop: server.stop };
}

function sayAndNull(say: Say, line: string): null {
  say(line);
  return null;
}

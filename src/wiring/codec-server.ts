/** Wiring of the role `codec-server`: payloads made readable for Temporal's UI and CLI; nothing else. */
import { once } from 'node:events';
import type { Logger } from 'pino';
import { createCodecApp } from '../api/codec-app';
import { createLogger } from '../api/logger';
import { listenOn, refuseOpenDoor, type RunningApi } from '../api/server';
import type { Encryption } from '../codec/keys';
import { loadEncryption } from '../config/encryption';
import { loadConfig } from '../config/load';
import type { LoadedService } from '../config/loaded';
import { processVariables } from '../config/process-env';
import { secretsOf } from '../config/role-secrets';
import type { Settings } from '../config/settings';
import { TidegateFailure } from '../domain/failures';
import { profilePlace } from '../temporal/obtain';
import { createPayloadDesk } from './payload-desk';

export interface CodecServerRole {
  readonly services: readonly LoadedService[];
  readonly encryption: Encryption;
  readonly namespace: string;
  readonly listen: { readonly host: string; readonly port: number };
  /** Where Temporal's UI is served, such as `http://localhost:8233`. */
  readonly origin: string;
  readonly logger: Logger;
}

/** Listens once the door is safe to open. @throws BadPlan for an open address without tokens */
export async function startCodecServer(role: CodecServerRole): Promise<RunningApi> {
  const { services, encryption, namespace, listen, origin, logger } = role;
  refuseOpenDoor(listen.host, services);
  const desk = createPayloadDesk(encryption, namespace);
  return listenOn(createCodecApp({ services, desk, namespace, origin, logger }), listen);
}

/** The role on its own, until it is told to stop. @throws ConfigError, BadPlan without a key */
export async function runCodecServer({
  settings,
  say,
  signal,
}: {
  readonly settings: Settings;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}): Promise<void> {
  const variables = processVariables();
  const cwd = process.cwd();
  const encryption = loadEncryption(variables, cwd);
  if (encryption === null) {
    throw new TidegateFailure('BadPlan', 'A codec server needs the keys of its workers: set TIDEGATE_ENCRYPTION_KEY.');
  }
  const { configPath, listen, codec, logLevel } = settings;
  const server = await startCodecServer({
    services: loadConfig({ configPath, cwd, variables, secrets: secretsOf('api') }),
    encryption,
    namespace: profilePlace(variables, settings.temporal.namespace)?.namespace ?? settings.temporal.namespace,
    listen: { host: listen.host, port: codec.port },
    origin: codec.origin,
    logger: createLogger(logLevel),
  });
  say(`The codec server listens at ${server.url}, for Temporal's UI at ${codec.origin}.`);
  if (!signal.aborted) await once(signal, 'abort');
  await server.stop();
}

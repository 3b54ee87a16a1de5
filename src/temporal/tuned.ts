/**
 * Server settings that take the waiting out of Temporal's defaults; docker-compose.temporal.yml mounts the same ones.
 * Defaults: about 50 ms per hop (transfer queue), up to a second of lateness per timer, ten visibility calls a second.
 */
export const TUNED_SETTINGS: Readonly<Record<string, number | string>> = {
  'history.transferProcessorMaxPollRPS': 500,
  'history.timerProcessorMaxPollRPS': 200,
  'history.timerProcessorMaxTimeShift': '10ms',
  'frontend.namespaceRPS.visibility': 200,
};

/** How the dev server's own database writes: a crash of the machine may lose the last moment, a crash of the server nothing. */
export const SQLITE_PRAGMAS: Readonly<Record<string, string>> = { journal_mode: 'WAL', synchronous: 'NORMAL' };

/** The settings as arguments of `temporal server start-dev`. */
export function tunedArguments(): string[] {
  return [
    ...Object.entries(TUNED_SETTINGS).flatMap(([key, value]) => [
      '--dynamic-config-value',
      `${key}=${JSON.stringify(value)}`,
    ]),
    ...Object.entries(SQLITE_PRAGMAS).flatMap(([key, value]) => ['--sqlite-pragma', `${key}=${value}`]),
  ];
}

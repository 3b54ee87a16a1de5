/** `tidegate config check`: loads everything and tells what it means. The CLI prints what comes back. */
import { describeConfig } from './describe';
import type { ConfigReport, SlotSource } from './describe';
import { loadConfig } from './load';
import type { LoadOptions } from './load';
import type { LoadedService } from './loaded';
import { renderReport } from './render-report';

export interface ConfigCheck {
  /** For `--json`. */
  readonly reports: readonly ConfigReport[];
  /** For people. */
  readonly text: string;
}

/**
 * Checks the configuration and forecasts its slots. `calendarsOf` is handed in because time zones live in drivers.
 * @throws ConfigError with every mistake at once
 */
export function checkConfig(
  options: LoadOptions,
  calendarsOf: (services: readonly LoadedService[]) => SlotSource,
  now: number,
): ConfigCheck {
  const services = loadConfig(options);
  const calendars = calendarsOf(services);
  const reports = services.map((service) => describeConfig(service, calendars, now));
  return { reports, text: reports.map(renderReport).join('\n\n') };
}

/** The forecast of `tidegate config check` as text for people, in the service's own time. */
import type { FreezeRule } from '../domain/slots';
import type { ConfigReport, EnvironmentForecast, SlotForecast } from './describe';
import { DAYS_AHEAD } from './describe';
import { durationText } from './scalars';

export function renderReport(report: ConfigReport): string {
  const { zone } = report;
  const lines = [
    `${report.service}: the file is right (revision ${report.revision}, times in ${zone})`,
    ...report.environments.flatMap((each) => ['', ...environmentLines(each, zone)]),
    ...section('Freezes', report.freezes.map(freezeLine)),
    ...section('Acknowledged', report.acknowledged),
    ...section('Look at', report.notes),
  ];
  return lines.join('\n');
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];
}

function environmentLines(forecast: EnvironmentForecast, zone: string): readonly string[] {
  const what = forecast.production ? 'approved fixes leave for production' : 'confirmed fixes leave';
  const head = `${forecast.env} (${forecast.kind}, ${what})`;
  if (forecast.slots.length === 0) return [head, `  no departure in the next ${DAYS_AHEAD} days`];
  return [head, ...forecast.slots.map((slot) => `  ${slotLine(slot, forecast.production, zone)}`)];
}

function slotLine(slot: SlotForecast, production: boolean, zone: string): string {
  const when = dayAndTime(slot.at, zone);
  if (slot.frozenBy !== null) return `${when}  suspended by the freeze "${slot.frozenBy}"`;
  const decision = production ? 'approved' : 'confirmed';
  const grace = `if missed, it runs until ${dayAndTime(slot.graceUntil, zone)}`;
  const without = slot.without.map(({ modules, freeze }) => `; without ${modules.join(', ')} ("${freeze}")`).join('');
  return `${when}  takes what is ${decision} before ${time(slot.cutoffAt, zone)}; ${grace}${without}`;
}

function freezeLine(freeze: FreezeRule): string {
  const when =
    freeze.cron === null
      ? `from ${freeze.from} to the end of ${freeze.to}`
      : `at "${freeze.cron}" for ${durationText(freeze.forMs ?? 0)}`;
  const where = freeze.environments === null ? 'every environment' : freeze.environments.join(', ');
  const what = freeze.modules === null ? 'everything' : `modules ${freeze.modules.join(', ')}`;
  return `${freeze.name}: ${when}; ${where}; ${what}`;
}

/** `Mon 2026-11-23 20:00:00 +07:00`: the offset tells the two nights of a clock change apart. */
function dayAndTime(at: number, zone: string): string {
  const part = parts(at, zone);
  const offset = part('timeZoneName').replace('GMT', '') || '+00:00';
  return `${part('weekday')} ${part('year')}-${part('month')}-${part('day')} ${time(at, zone)} ${offset}`;
}

function time(at: number, zone: string): string {
  const part = parts(at, zone);
  return `${part('hour')}:${part('minute')}:${part('second')}`;
}

function parts(at: number, zone: string): (type: Intl.DateTimeFormatPartTypes) => string {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    weekday: 'short',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'longOffset',
  }).formatToParts(at);
  return (type) => format.find((part) => part.type === type)?.value ?? '';
}

/** Freezes of the config, one-off and recurring, become windows of instants (T-200 to T-206). */
import { Cron } from 'croner';
import { TidegateFailure } from '../../domain/failures';
import type { FreezeRule, FreezeWindow, LocalDate, Zones } from '../../domain/slots';

export interface Span {
  readonly fromAt: number;
  readonly toAt: number;
}

/** The first and the last instant that a date can hold: an open end of a freeze. */
const EARLIEST = -8.64e15;
const LATEST = 8.64e15;
const DAY_MS = 86_400_000;
/** Reading a cron costs: four starts a day for more than a year are plenty for a freeze. */
const MAX_OCCURRENCES = 2_000;

const DATE = /^\d{4}-\d{2}-\d{2}$/;
const DATE_TIME = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(:\d{2})?$/;
const ABSOLUTE = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}.*(Z|[+-]\d{2}:\d{2})$/;

/**
 * The windows of the freezes that touch a span. One-off: whole local days (`to` includes its day) or date-times in the
 * zone, open where a side is missing. Recurring: each start of `cron` in the zone's wall clock, for `forMs`, as far as
 * it starts within `from`/`to`.
 * @throws BadPlan for a date, date-time or cron that cannot be read
 */
export function expandFreezes(
  rules: readonly FreezeRule[],
  zone: string,
  zones: Zones,
  span: Span,
): readonly FreezeWindow[] {
  return rules.flatMap((rule) => {
    const bounds = boundsOf(rule, zone, zones);
    const spans = rule.cron === null ? [bounds] : recurrences(rule, rule.cron, bounds, zone, zones, span);
    const { name, environments, modules, reason, owner } = rule;
    return spans
      .filter((window) => window.fromAt < span.toAt && window.toAt > span.fromAt && window.fromAt < window.toAt)
      .map((window) => ({ name, ...window, environments, modules, reason, owner }));
  });
}

function boundsOf(rule: FreezeRule, zone: string, zones: Zones): Span {
  return {
    fromAt: rule.from === null ? EARLIEST : startOf(rule, rule.from, zone, zones),
    toAt: rule.to === null ? LATEST : endOf(rule, rule.to, zone, zones),
  };
}

function startOf(rule: FreezeRule, text: string, zone: string, zones: Zones): number {
  if (DATE.test(text)) return midnights(text, zone, zones)[0] ?? zones.afterGap(text, '00:00:00', zone);
  return momentOf(rule, text, zone, zones)[0] ?? unreadable(rule, text);
}

function endOf(rule: FreezeRule, text: string, zone: string, zones: Zones): number {
  if (!DATE.test(text)) return momentOf(rule, text, zone, zones).at(-1) ?? unreadable(rule, text);
  const next = zones.addDays(text, 1);
  // Where the clocks go back over midnight, the day comes back once more: it ends at the last step into the next date.
  const steps = midnights(next, zone, zones).filter((at) => zones.local(at - 1, zone).date <= text);
  return steps.at(-1) ?? zones.afterGap(next, '00:00:00', zone);
}

const midnights = (date: LocalDate, zone: string, zones: Zones): readonly number[] =>
  zones.instants(date, '00:00:00', zone);

/** The instants of a date-time: with an offset of its own one, in the zone's wall clock one or two, after a gap one. */
function momentOf(rule: FreezeRule, text: string, zone: string, zones: Zones): readonly number[] {
  if (ABSOLUTE.test(text)) {
    const at = Date.parse(text);
    return Number.isNaN(at) ? unreadable(rule, text) : [at];
  }
  const [, date, minutes, seconds = ':00'] = DATE_TIME.exec(text) ?? unreadable(rule, text);
  if (date === undefined || minutes === undefined) return unreadable(rule, text);
  const time = `${minutes}${seconds}`;
  const found = zones.instants(date, time, zone);
  return found.length > 0 ? found : [zones.afterGap(date, time, zone)];
}

/** croner counts in UTC here and the wall clock is put on afterwards, so that freezes follow the slots' DST rule (X-20). */
function recurrences(
  rule: FreezeRule,
  pattern: string,
  bounds: Span,
  zone: string,
  zones: Zones,
  span: Span,
): readonly Span[] {
  const forMs = rule.forMs ?? 0;
  const cron = cronOf(rule, pattern);
  const first = Math.max(bounds.fromAt, span.fromAt - forMs);
  const last = Math.min(bounds.toAt, span.toAt);
  if (first >= last) return [];
  const end = asWall(last, zone, zones) + DAY_MS;
  const found: Span[] = [];
  let wall = cron.nextRun(new Date(asWall(first, zone, zones) - DAY_MS));
  for (let count = 0; wall && wall.getTime() < end; count += 1) {
    if (count >= MAX_OCCURRENCES) throw tooOften(rule, pattern);
    const date = wall.toISOString().slice(0, 10);
    const time = wall.toISOString().slice(11, 19);
    const fromAt = zones.instants(date, time, zone)[0] ?? zones.afterGap(date, time, zone);
    if (fromAt >= bounds.fromAt && fromAt < bounds.toAt) found.push({ fromAt, toAt: fromAt + forMs });
    wall = cron.nextRun(wall);
  }
  return found;
}

function asWall(at: number, zone: string, zones: Zones): number {
  const { date, time } = zones.local(at, zone);
  return Date.parse(`${date}T${time}Z`);
}

function cronOf(rule: FreezeRule, pattern: string): Cron {
  try {
    return new Cron(pattern.trim(), { timezone: 'UTC', paused: true, mode: '5-or-6-parts' });
  } catch (error) {
    throw new TidegateFailure(
      'BadPlan',
      `The cron "${pattern}" of the freeze "${rule.name}" cannot be read: ${String(error)}. ` +
        'Write five fields: minute, hour, day of month, month, weekday.',
      { freeze: rule.name },
    );
  }
}

function tooOften(rule: FreezeRule, pattern: string): TidegateFailure {
  return new TidegateFailure(
    'BadPlan',
    `The freeze "${rule.name}" (cron "${pattern}") starts more than ${MAX_OCCURRENCES} times in the days looked at. ` +
      'Let it start less often and last longer.',
    { freeze: rule.name },
  );
}

function unreadable(rule: FreezeRule, text: string): never {
  throw new TidegateFailure(
    'BadPlan',
    `"${text}" in the freeze "${rule.name}" is no date or date-time. Write YYYY-MM-DD or YYYY-MM-DDTHH:mm.`,
    { freeze: rule.name },
  );
}

/** The watch of one environment with its defaults. */
import type { SoftPolicy, WatchPolicy } from '../domain/policy';
import type { WatchRule } from '../domain/watch';
import { WATCH_PRESETS } from '../domain/watch-rules';
import { DEFAULTS } from './defaults';
import { durationMs } from './scalars';
import type { EnvironmentInput } from './schema-environment';

export function resolveWatch(input: EnvironmentInput['watch'], production: boolean): WatchPolicy {
  const windowMs = ms(input.window, DEFAULTS.watchWindowMs[production ? 'production' : 'below']);
  return {
    windowMs,
    everyMs: ms(input.every, DEFAULTS.watchEveryMs),
    baselineMs: ms(input.baseline, Math.min(windowMs, DEFAULTS.baselineCapMs)),
    rules: rulesOf(input.rules ?? 'default'),
    missing: production ? 'hard' : 'soft',
    noDataMs: ms(input.noData, Math.min(windowMs, DEFAULTS.noDataMs)),
    errorLimit: input.errors ?? DEFAULTS.watchErrors,
    miniWindowMs: ms(input.miniWindow, Math.min(windowMs, DEFAULTS.miniWindowMs)),
    soft: resolveSoft(input.soft ?? {}, windowMs, production),
  };
}

function resolveSoft(
  input: NonNullable<EnvironmentInput['watch']['soft']>,
  windowMs: number,
  production: boolean,
): SoftPolicy {
  const askMs = ms(input.ask, DEFAULTS.askMs);
  return {
    askMs,
    otherwise: input.otherwise ?? (production ? 'rollback' : 'continue'),
    escalateMs: ms(input.escalate, Math.min(askMs, DEFAULTS.escalateMs)),
    extendMs: ms(input.extend, windowMs),
  };
}

export const ms = (value: string | undefined, otherwise: number): number =>
  value === undefined ? otherwise : durationMs(value);

/** Presets and rules in their order; a later rule takes the place of an earlier one with its id. */
function rulesOf(input: NonNullable<EnvironmentInput['watch']['rules']>): readonly WatchRule[] {
  const list = typeof input === 'string' ? [input] : input;
  const rules = list.flatMap((each): readonly WatchRule[] =>
    typeof each === 'string' ? WATCH_PRESETS[each] : [{ ...each, consecutive: each.consecutive ?? 1 }],
  );
  return [...new Map(rules.map((rule) => [rule.id, rule])).values()];
}

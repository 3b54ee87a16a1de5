/** What every slot means in the coming days, as data (`tidegate config check`, 4-interfaces §2). */
import type { EnvironmentPolicy } from '../domain/policy';
import type { FreezeRule, FreezeWindow, Slot, SlotAnswer, SlotKind } from '../domain/slots';
import type { LoadedService } from './loaded';

export const DAYS_AHEAD = 7;
const DAY_MS = 86_400_000;

/** What the forecast asks of a calendar: the port `Calendars` fits, which this room may not know. */
export interface SlotSource {
  next(question: {
    readonly service: string;
    readonly env: string;
    readonly modules: readonly string[];
    readonly kind: SlotKind;
    readonly after: number;
    readonly departed: readonly string[];
  }): SlotAnswer;
  frozen(service: string, env: string, modules: readonly string[], at: number): FreezeWindow | null;
}

/** One occurrence of a slot; instants in epoch ms. */
export interface SlotForecast {
  readonly key: string;
  readonly at: number;
  readonly cutoffAt: number;
  readonly graceUntil: number;
  /** The freeze that suspends it, or null. */
  readonly frozenBy: string | null;
  /** Modules that stay behind although the slot runs, each with its freeze. */
  readonly without: readonly { readonly modules: readonly string[]; readonly freeze: string }[];
}

export interface EnvironmentForecast {
  readonly env: string;
  readonly production: boolean;
  readonly kind: SlotKind;
  /** Next departures, oldest first; empty when none falls into these days. */
  readonly slots: readonly SlotForecast[];
}

export interface ConfigReport {
  readonly service: string;
  readonly file: string;
  readonly zone: string;
  readonly revision: string;
  readonly from: number;
  readonly until: number;
  readonly environments: readonly EnvironmentForecast[];
  readonly freezes: readonly FreezeRule[];
  readonly acknowledged: readonly string[];
  /** What is allowed and yet cannot work as it stands, one sentence each. */
  readonly notes: readonly string[];
}

/** Forecast of one checked service; `calendars` knows its slots and freezes. */
export function describeConfig(loaded: LoadedService, calendars: SlotSource, now: number): ConfigReport {
  const { policy, calendar } = loaded;
  const until = now + DAYS_AHEAD * DAY_MS;
  return {
    service: policy.service,
    file: loaded.file,
    zone: policy.zone,
    revision: policy.revision,
    from: now,
    until,
    environments: policy.ladder.flatMap((env) => {
      const environment = policy.environments[env];
      return environment ? [forecast(loaded, environment, calendars, now, until)] : [];
    }),
    freezes: calendar.freezes,
    acknowledged: loaded.acknowledged,
    notes: [...tooFewPeople(loaded), ...noSmoke(loaded)],
  };
}

function forecast(
  loaded: LoadedService,
  environment: EnvironmentPolicy,
  calendars: SlotSource,
  now: number,
  until: number,
): EnvironmentForecast {
  const kind: SlotKind = environment.production ? 'T2' : 'T1';
  const scope = { service: loaded.policy.service, env: environment.name };
  const slots: SlotForecast[] = [];
  const departed: string[] = [];
  let after = now;
  while (after < until) {
    const answer = calendars.next({ ...scope, modules: [], kind, after, departed });
    const passed = [...answer.skipped.map(({ slot, freeze }) => row(slot, freeze.name)), row(answer.slot, null)];
    slots.push(...passed.filter((each) => each.at < until && !slots.some((known) => known.key === each.key)));
    if (answer.slot.at <= after) break; // a calendar that stands still must not hold a check for ever
    after = answer.slot.at;
    departed.push(answer.slot.key);
  }
  return { env: environment.name, production: environment.production, kind, slots };

  function row(slot: Slot, frozenBy: string | null): SlotForecast {
    const { key, at, cutoffAt, graceUntil } = slot;
    const without = frozenBy === null ? modulesOut(at) : [];
    return { key, at, cutoffAt, graceUntil, frozenBy, without };
  }

  function modulesOut(at: number): SlotForecast['without'] {
    return loaded.calendar.freezes.flatMap(({ modules }) => {
      const freeze = modules === null ? null : calendars.frozen(scope.service, scope.env, modules, at);
      return modules === null || freeze === null ? [] : [{ modules, freeze: freeze.name }];
    });
  }
}

/** Production's approval rules that the people of this file can never meet. */
function tooFewPeople({ policy, people }: LoadedService): readonly string[] {
  const rules = policy.environments[policy.production]?.approvals;
  if (!rules) return [];
  return (['default', 'freeze'] as const).flatMap((kind) => {
    const { count, roles } = rules[kind];
    const able = people.filter((person) => person.roles.some((role) => roles.includes(role))).map(({ id }) => id);
    if (able.length >= count) return [];
    const who = able.length === 0 ? 'nobody is' : `only ${able.join(', ')} ${able.length === 1 ? 'is' : 'are'}`;
    const when = kind === 'freeze' ? ' in a freeze' : '';
    return [`${policy.production} needs ${count} approvals${when} by ${roles.join(' or ')}, and ${who} that.`];
  });
}

/** without smoke checks a deployment is aborted. */
function noSmoke({ policy }: LoadedService): readonly string[] {
  return policy.ladder
    .filter((env) => policy.environments[env]?.smoke.length === 0)
    .map((env) => `${env} has no smoke checks: a deployment there ends as Aborted.`);
}

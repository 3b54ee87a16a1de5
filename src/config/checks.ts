/** Rules between the values of a file: each gives a mistake, or a sentence for what was acknowledged. */
import type { SoftPolicy } from '../domain/policy';
import { readSmokeTarget } from './smoke-target';
import { DEFAULTS } from './defaults';
import type { Pieces } from './pieces';
import { didYouMean } from './problems';
import type { Problem } from './problems';
import { resolveWatch } from './resolve-watch';
import { durationMs, durationText, fullTime } from './scalars';
import type { SmokeCaseInput } from './schema-smoke';
import { problemAt } from './zod-problems';
import type { YamlFile } from './yaml-file';

export interface Findings {
  readonly problems: readonly Problem[];
  readonly acknowledged: readonly string[];
}

const problems = (...list: readonly Problem[]): Findings => ({ problems: list, acknowledged: [] });

/** All findings of a file; parts that are wrong in themselves are left out, they have been reported. */
export function checkPieces(file: YamlFile, pieces: Pieces): Findings {
  const all = [
    ladder(file, pieces),
    slotGap(file, pieces),
    slotLimits(file, pieces),
    peopleOf(file, pieces),
    ...pieces.environments.map((environment) => watch(file, environment)),
    ...pieces.environments.map(({ name, input }) =>
      Array.isArray(input.smoke)
        ? smokeCases(file, ['environments', name, 'smoke'], input.smoke, input.url)
        : problems(),
    ),
    freezes(file, pieces),
    providers(file, pieces),
  ];
  return { problems: all.flatMap((each) => each.problems), acknowledged: all.flatMap((each) => each.acknowledged) };
}

function ladder(file: YamlFile, { ladder: names }: Pieces): Findings {
  if (names === null || names.length >= 2) return problems();
  const found = names.length === 0 ? 'no environment' : `only ${names[0]}`;
  const allowed = 'at least two environments: the last is production, the one before it is where fixes are validated';
  return problems(problemAt(file, ['environments'], { found, allowed, place: file.keyPlace(['environments']) }));
}

/** people need the time between T1 and T2 to validate. */
function slotGap(file: YamlFile, { slots }: Pieces): Findings {
  if (slots === null) return problems();
  const day = durationMs('1d');
  const gap = (secondsOf(slots.t2.at) - secondsOf(slots.t1.at)) * 1000;
  const gapMs = (gap + day) % day;
  if (gapMs >= DEFAULTS.slotGapMs) return problems();
  const what = `T2 at ${slots.t2.at} only ${durationText(gapMs)} after T1 at ${slots.t1.at}`;
  if (slots.allowShortGap === true) return { problems: [], acknowledged: [`${what} (slots.allowShortGap)`] };
  const allowed = 'at least 1h after T1, so that people can validate; or slots.allowShortGap: true';
  return problems(problemAt(file, ['slots', 't2', 'at'], { found: what, allowed }));
}

const secondsOf = (time: string): number =>
  fullTime(time)
    .split(':')
    .reduce((sum, part) => sum * 60 + Number(part), 0);

function slotLimits(file: YamlFile, { slots }: Pieces): Findings {
  if (slots === null) return problems();
  const limit = durationMs('1d');
  return problems(
    ...(['t1', 't2'] as const).flatMap((kind) =>
      (['cutoff', 'grace'] as const)
        .filter((key) => durationMs(slots[kind][key] ?? '0') >= limit)
        .map((key) => problemAt(file, ['slots', kind, key], { allowed: 'a duration below 1d: slots come every day' })),
    ),
  );
}

/** An identity belongs to one person. Tokens are compared where they are read. */
function peopleOf(file: YamlFile, { people }: Pieces): Findings {
  const entries = Object.entries(people ?? {});
  if (people !== null && entries.length === 0) {
    const allowed = 'at least one person with a role: nobody else can confirm or approve';
    return problems(problemAt(file, ['people'], { found: 'nobody', allowed, place: file.keyPlace(['people']) }));
  }
  return problems(
    ...entries.flatMap(([id, person], index) => {
      const twin = entries
        .slice(0, index)
        .find(([, other]) => person.telegram !== undefined && other.telegram === person.telegram);
      if (!twin) return [];
      return [
        problemAt(file, ['people', id, 'telegram'], { allowed: `a number of their own: ${twin[0]} has this one` }),
      ];
    }),
  );
}

/** the floor may be gone below with a reason; the parts of a watch must fit into it. */
function watch(file: YamlFile, { name, input, last }: Pieces['environments'][number]): Findings {
  const policy = resolveWatch(input.watch, last);
  const path = ['environments', name, 'watch'];
  const tooLong = (['every', 'miniWindow'] as const)
    .filter((key) => policy[`${key}Ms`] > policy.windowMs || policy[`${key}Ms`] === 0)
    .map((key) => {
      const allowed = `a duration above 0, no longer than the window of ${durationText(policy.windowMs)}`;
      return problemAt(file, [...path, key], { found: durationText(policy[`${key}Ms`]), allowed });
    });
  tooLong.push(...soft(file, [...path, 'soft'], policy.soft));
  if (policy.windowMs >= DEFAULTS.watchFloorMs) return problems(...tooLong);
  const what = `a watch window of ${durationText(policy.windowMs)}`;
  const reason = input.watch.shortReason;
  if (reason !== undefined) {
    return { problems: tooLong, acknowledged: [`${name} has ${what}, below the floor of 10m: ${reason}`] };
  }
  const allowed = 'at least 10m; or less with watch.shortReason that says why';
  return problems(...tooLong, problemAt(file, [...path, 'window'], { found: what, allowed }));
}

/** A question needs time for an answer, and its escalation comes before its deadline. */
function soft(file: YamlFile, path: readonly PropertyKey[], { askMs, escalateMs }: SoftPolicy): readonly Problem[] {
  if (askMs === 0) {
    return [
      problemAt(file, [...path, 'ask'], { found: '0', allowed: 'a duration above 0: people need time to answer' }),
    ];
  }
  if (escalateMs <= askMs) return [];
  const allowed = `a duration no longer than ask, which is ${durationText(askMs)}`;
  return [problemAt(file, [...path, 'escalate'], { found: durationText(escalateMs), allowed })];
}

/** One method per case, names once, and no other host than the environment's. */
export function smokeCases(
  file: YamlFile,
  path: readonly PropertyKey[],
  cases: readonly SmokeCaseInput[],
  environmentUrl: string,
): Findings {
  const host = hostOf(environmentUrl);
  return problems(
    ...cases.flatMap((each, index) => {
      const here = [...path, index];
      const found: Problem[] = [];
      const target = readSmokeTarget(each);
      if (target === null) {
        const allowed = 'exactly one of get, post, put, patch, delete';
        found.push(problemAt(file, here, { found: 'none or several of them', allowed }));
      } else if (!target.path.startsWith('/') && host !== null && hostOf(target.path) !== host) {
        const allowed = `a path, or an address on ${host}: smoke checks ask this environment only`;
        found.push(problemAt(file, [...here, target.key], { allowed }));
      }
      if (cases.findIndex((other) => other.name === each.name) < index) {
        found.push(problemAt(file, [...here, 'name'], { allowed: 'a name that no other check of this list has' }));
      }
      return found;
    }),
  );
}

/** Null for an address that is wrong in itself: that mistake has been told. */
const hostOf = (url: string): string | null => (URL.canParse(url) ? new URL(url).hostname : null);

function freezes(file: YamlFile, pieces: Pieces): Findings {
  const people = Object.keys(pieces.people ?? {});
  const names = pieces.ladder ?? [];
  return problems(
    ...(pieces.freezes ?? []).flatMap((freeze, index, all) => {
      const path = ['freezes', index];
      const found = (freeze.environments ?? []).flatMap((name, position) =>
        names.includes(name) ? [] : [unknownName(file, [...path, 'environments', position], name, names)],
      );
      if ('from' in freeze && freeze.from >= endOf(freeze.to)) {
        found.push(problemAt(file, [...path, 'to'], { allowed: `a time after ${freeze.from}` }));
      }
      if (freeze.owner !== undefined && pieces.people !== null && !people.includes(freeze.owner)) {
        found.push(unknownName(file, [...path, 'owner'], freeze.owner, people));
      }
      if (all.findIndex((other) => other.name === freeze.name) < index) {
        found.push(problemAt(file, [...path, 'name'], { allowed: 'a name that no other freeze has' }));
      }
      return found;
    }),
  );
}

/** A `to` without a time includes its whole day (4-interfaces §4); texts of dates sort as the dates do. */
const endOf = (to: string): string => (to.includes('T') ? to : `${to}T24:00`);

function unknownName(file: YamlFile, path: readonly PropertyKey[], name: string, known: readonly string[]): Problem {
  return { ...problemAt(file, path, { allowed: known.join(', ') }), didYouMean: didYouMean(name, known) };
}

/** A provider that runs something needs to know what. */
function providers(file: YamlFile, pieces: Pieces): Findings {
  return problems(
    ...(['fix', 'analysis'] as const).flatMap((key) => {
      const input = pieces[key];
      const provider = input?.provider;
      if (!input || (provider !== 'command' && provider !== 'model') || input[provider] !== undefined) return [];
      const allowed = provider === 'command' ? 'a command for provider command' : 'url and name for provider model';
      return [problemAt(file, [key, provider], { allowed })];
    }),
  );
}

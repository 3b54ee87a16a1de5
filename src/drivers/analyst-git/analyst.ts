import type { Analysis, BugReport, Fix, Suspect } from '../../domain/bug';
import type { Analyst } from '../../ports/analyst';
import type { GitSource } from '../git/source';
import type { Findings } from './findings';
import { locate, parseFrames, type Located } from './frames';
import { filesByWords, suspectChanges, wordsOf } from './scoring';
import { day, hypothesisOf, planOf, short } from './words';

export interface GitAnalystSettings {
  /** Looked at where nothing is known to run. */
  readonly main: string;
}

type Repository = Pick<GitSource, 'fetch' | 'resolve' | 'files' | 'history' | 'blame'>;

const MAX_PLACES = 5;
const MAX_FILES = 5;
const MAX_CHANGES = 5;
const HISTORY = 40;
const WIDE_HISTORY = 200;
/** A line changed by one of this many newest changes of the suspect files is taken for the cause. */
const RECENT = 3;

/** Analysis provider `git`: suspects from the stack trace's files, their history and authors; words where there is no stack (T-011). */
export function createGitAnalyst(repository: Repository, settings: GitAnalystSettings): Analyst {
  return {
    async analyse(bug, runningSha, fix) {
      await repository.fetch();
      const at = runningSha ?? (await repository.resolve(`refs/heads/${settings.main}`));
      if (at === null) return null;
      const findings = await find(repository, bug, at);
      return {
        provider: 'git',
        hypothesis: hypothesisOf(bug, findings),
        plan: planOf(bug, findings, fix),
        confidence: findings.confidence,
        suspects: suspectsOf(findings),
        evidence: evidenceOf(findings, fix),
      };
    },
  };
}

async function find(repository: Repository, bug: BugReport, at: string): Promise<Findings> {
  const all = await repository.files(at);
  const stack = bug.evidence.stack ?? bug.description ?? '';
  const located = parseFrames(stack).flatMap((frame) => locate(frame, all) ?? []);
  const unique = located
    .filter((place, i) => located.findIndex((other) => same(other, place)) === i)
    .slice(0, MAX_PLACES);
  const places = await Promise.all(
    unique.map(async (place) => ({ ...place, blame: await repository.blame(at, place.file, place.line) })),
  );
  const words = wordsOf(bug.title, bug.description, bug.modules.join(' '));
  const files =
    places.length > 0
      ? [...new Set(places.map((place) => place.file))]
      : filesByWords(words, all, await repository.history([], at, WIDE_HISTORY))
          .slice(0, MAX_FILES)
          .map(({ item }) => item);
  const history = files.length > 0 ? await repository.history(files, at, HISTORY) : [];
  const blamed = places.flatMap((place) => place.blame?.sha ?? []);
  const changes = suspectChanges(files, history, blamed)
    .slice(0, MAX_CHANGES)
    .map(({ item }) => item);
  const newest = history.slice(0, RECENT).map((change) => change.sha);
  return { at, places, files, words, changes, confidence: confidenceOf(places, newest) };
}

const same = (left: Located, right: Located): boolean => left.file === right.file && left.line === right.line;

/** High: the failing line itself was changed lately. Medium: the stack trace leads into the repository. Low: words only. */
function confidenceOf(places: Findings['places'], newest: readonly string[]): Analysis['confidence'] {
  const [inner] = places;
  if (!inner) return 'low';
  return inner.blame !== null && newest.includes(inner.blame.sha) ? 'high' : 'medium';
}

function suspectsOf({ places, files, changes }: Findings): readonly Suspect[] {
  if (places.length > 0) {
    return places.map(({ file, line, blame }, i) => ({
      file,
      line,
      commit: blame?.sha ?? null,
      author: blame?.author ?? null,
      at: blame?.at ?? null,
      subject: blame?.subject ?? null,
      why: i === 0 ? 'innermost place of the stack trace in the repository' : `place ${i + 1} of the stack trace`,
    }));
  }
  return files.map((file) => {
    const change = changes.find(({ files: touched }) => touched.includes(file));
    return {
      file,
      line: null,
      commit: change?.sha ?? null,
      author: change?.author ?? null,
      at: change?.at ?? null,
      subject: change?.subject ?? null,
      why: 'its path or its history uses words of the report',
    };
  });
}

/** One line per fact, each naming commit, file and date. */
function evidenceOf({ places, files, changes }: Findings, fix: Fix | null): readonly string[] {
  const lines = places.flatMap(({ file, line, blame }) =>
    blame === null
      ? [`${file}:${line} stands in the stack trace, but that line does not exist in the version that runs.`]
      : [
          `${file}:${line} stands in the stack trace; the line was last changed by ${short(blame.sha)} "${blame.subject}" ` +
            `(${blame.author}, ${day(blame.at)}).`,
        ],
  );
  const touched = changes.map((change) => {
    const which = change.files.filter((file) => files.includes(file)).join(', ');
    return `${short(change.sha)} "${change.subject}" (${change.author}, ${day(change.at)}) changed ${which}.`;
  });
  const attached = fix === null ? [] : [`The fix ${short(fix.head)} on ${fix.ref} changes ${fix.files.join(', ')}.`];
  return [...lines, ...touched, ...attached];
}

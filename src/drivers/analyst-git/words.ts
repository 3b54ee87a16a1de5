import type { BugReport, Fix } from '../../domain/bug';
import type { Findings } from './findings';

export const short = (sha: string): string => sha.slice(0, 10);
export const day = (at: number): string => new Date(at).toISOString().slice(0, 10);

/** The likely root cause in plain sentences, with what the confidence rests on. */
export function hypothesisOf(bug: BugReport, findings: Findings): string {
  return `${cause(bug, findings)} ${basis(findings)}`;
}

function cause(bug: BugReport, { places, files, changes }: Findings): string {
  const [place] = places;
  const [change] = changes;
  if (place) {
    const where = `${place.file}:${place.line}`;
    if (place.blame === null) return `"${bug.title}" fails at ${where}, in code that differs from what runs now.`;
    const { sha, subject, author, at } = place.blame;
    return `"${bug.title}" fails at ${where}. The likely cause is ${short(sha)} "${subject}" by ${author} of ${day(at)}, which last changed that line.`;
  }
  if (files.length === 0) return `The repository holds nothing that points at the cause of "${bug.title}".`;
  const lately = change
    ? ` The latest change there that fits is ${short(change.sha)} "${change.subject}" by ${change.author} of ${day(change.at)}.`
    : '';
  return `"${bug.title}" probably comes from ${files.slice(0, 3).join(', ')}.${lately}`;
}

function basis({ confidence, places, files, words }: Findings): string {
  switch (confidence) {
    case 'high':
      return 'Confidence is high: the failing line itself was changed by one of the newest changes of these files.';
    case 'medium':
      return `Confidence is medium: the stack trace leads to ${places.length} ${places.length === 1 ? 'place' : 'places'} in the repository, but the failing line is not new.`;
    case 'low':
      return files.length === 0
        ? 'Confidence is low: there is no stack trace that leads into the repository, and no file or commit uses words of the report.'
        : `Confidence is low: there is no stack trace that leads into the repository; only words of the report (${words.slice(0, 6).join(', ')}) were matched.`;
  }
}

/** The steps to the fix, in order. */
export function planOf(bug: BugReport, findings: Findings, fix: Fix | null): readonly string[] {
  const { places, files, changes, at } = findings;
  const [place] = places;
  const [change] = changes;
  const url = bug.evidence.url === null ? '' : ` at ${bug.evidence.url}`;
  const look = place ? `${place.file}:${place.line}` : files.slice(0, 3).join(', ');
  return [
    `Reproduce it on ${bug.foundIn}${url}, at commit ${short(at)}, and write the test that fails.`,
    look === '' ? 'Ask the reporter for a stack trace or the page it happens on.' : `Look at ${look}.`,
    ...(change
      ? [`Read ${short(change.sha)} "${change.subject}" and ask ${change.author} what it was meant to do.`]
      : []),
    fix === null ? "Make the fix with that test on the bug's fix branch and push it." : aboutFix(fix, files),
    'Validate it where fixes are validated: the test passes and what the report says no longer happens.',
  ];
}

function aboutFix(fix: Fix, files: readonly string[]): string {
  const touched = fix.files.filter((file) => files.includes(file));
  const name = `The attached fix ${fix.ref} (${short(fix.head)}) changes ${fix.files.join(', ')}`;
  if (files.length === 0) return `${name}; review whether it cures this bug.`;
  if (touched.length > 0) return `${name}; it touches the suspects ${touched.join(', ')}. Review it.`;
  return `${name}; it touches none of the suspects (${files.slice(0, 3).join(', ')}): check that it cures this bug.`;
}

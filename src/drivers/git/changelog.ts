/** Keep a Changelog, written with as little change as possible: a new section goes in, every other byte stays. */

const SECTION = /^## .*$/gm;
const UNRELEASED = /^## \[?unreleased\]?/i;
const LINK_DEFINITIONS = /^\[[^\]\n]+\]: \S+/m;

export interface Section {
  readonly version: string;
  /** `YYYY-MM-DD`. */
  readonly date: string;
  readonly fixed: readonly { readonly bug: string; readonly title: string }[];
}

/** The changelog with the section above the newest release and below `Unreleased`; unchanged when the version has one. */
export function withSection(changelog: string, section: Section): string {
  if (bounds(changelog, section.version) !== null) return changelog;
  const eol = changelog.includes('\r\n') ? '\r\n' : '\n';
  const lines = [
    `## [${section.version}] - ${section.date}`,
    '',
    '### Fixed',
    ...section.fixed.map(({ bug, title }) => `- ${oneLine(title)} (#${bug})`),
    '',
    '',
  ];
  const text = changelog.trim() === '' ? `# Changelog${eol}${eol}` : changelog;
  const at = insertionPoint(text);
  const before = text.slice(0, at);
  const gap = before.endsWith(eol + eol) ? '' : before.endsWith('\n') ? eol : eol + eol;
  const after = text.slice(at);
  return before + gap + lines.slice(0, after === '' ? -1 : undefined).join(eol) + after;
}

/** The text of a version's section without its heading; empty when there is none. */
export function sectionOf(changelog: string, version: string): string {
  const found = bounds(changelog, version);
  return found === null ? '' : changelog.slice(found.body, found.end).replaceAll('\r\n', '\n').trim();
}

function insertionPoint(text: string): number {
  const released = [...text.matchAll(SECTION)].find((match) => !UNRELEASED.test(match[0]));
  return released?.index ?? LINK_DEFINITIONS.exec(text)?.index ?? text.length;
}

function bounds(text: string, version: string): { readonly body: number; readonly end: number } | null {
  const headings = [...text.matchAll(SECTION)];
  const at = headings.findIndex(({ 0: heading }) => /^## \[?v?([^\]\s]+)/.exec(heading)?.[1] === version);
  const heading = headings[at];
  if (heading === undefined) return null;
  const body = heading.index + heading[0].length;
  const links = LINK_DEFINITIONS.exec(text.slice(body));
  const next = headings[at + 1]?.index ?? (links ? body + links.index : text.length);
  return { body, end: next };
}

/** A reporter's title as one harmless line of Markdown (abuse 21). */
function oneLine(title: string): string {
  return title
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
    .replace(/[\\<[\]]/g, (sign) => `\\${sign}`)
    .slice(0, 200);
}

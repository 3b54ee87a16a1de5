import type { Signature } from './git';

/** One commit of the shop's past: which of today's files it brought, as they were then. */
export interface Step {
  readonly by: Signature;
  readonly subject: string;
  readonly files: Readonly<Record<string, (today: string) => string>>;
  /** A release: the annotated tag it was given. */
  readonly tag: string | null;
}

const PEOPLE = {
  mara: { name: 'Mara Lindt', email: 'mara@shop.example' },
  joon: { name: 'Joon Park', email: 'joon@shop.example' },
  lina: { name: 'Lina Sato', email: 'lina@shop.example' },
  sami: { name: 'Sami Haddad', email: 'sami@shop.example' },
} as const;

const asToday = (today: string): string => today;
const beforeBulkPrices = (today: string): string => today.replaceAll('off: [5]', 'off: []');
const beforeAlarms = (today: string): string =>
  today.replace('raise(product, pieces);', 'throw new RangeError(`no bulk price for ${pieces} pieces`);');
const beforeGentleClosing = (today: string): string => today.replace(/process\.on\('SIG(TERM|INT)', close\);\n/g, '');

const atVersion =
  (version: string) =>
  (today: string): string =>
    today.replace(/"version": "[^"]+"/, `"version": "${version}"`);

/** The CHANGELOG without the sections of later versions. */
const changesUpTo =
  (version: string) =>
  (today: string): string => {
    const [head = '', ...sections] = today.split('\n## [');
    const past = sections.slice(sections.findIndex((section) => section.startsWith(`${version}]`)));
    return [head, 'Unreleased]\n', ...past].join('\n## [');
  };

function step(who: keyof typeof PEOPLE, date: string, subject: string, files: Step['files']): Step {
  return { by: { ...PEOPLE[who], date: `${date}T09:30:00Z` }, subject, files, tag: null };
}

function release(date: string, version: string): Step {
  const files = { 'package.json': atVersion(version), 'CHANGELOG.md': changesUpTo(version) };
  return { ...step('mara', date, `chore: release ${version}`, files), tag: `v${version}` };
}

/** Six weeks in the life of the shop, oldest first: enough for `git log` and `git blame` to have something to say. */
export const HISTORY: readonly Step[] = [
  step('mara', '2026-01-12', 'chore: begin the shop', {
    'README.md': asToday,
    '.env.example': asToday,
    'package.json': atVersion('1.3.0'),
  }),
  step('joon', '2026-01-13', 'feat(shelves): put tea on the shelf', { 'src/shelves/tea.js': beforeBulkPrices }),
  step('joon', '2026-01-14', 'feat(shelves): put coffee on the shelf', { 'src/shelves/coffee.js': beforeBulkPrices }),
  step('lina', '2026-01-15', 'feat(shelves): put spices on the shelf', { 'src/shelves/spices.js': beforeBulkPrices }),
  step('lina', '2026-01-16', 'feat(shelves): put sweets on the shelf', {
    'src/shelves/sweets.js': beforeBulkPrices,
    'src/shelves/index.js': asToday,
  }),
  step('mara', '2026-01-20', 'feat: answer over HTTP', {
    'src/server.js': beforeGentleClosing,
    'src/routes.js': asToday,
    'src/quote.js': asToday,
    'src/charge.js': beforeAlarms,
    'src/release.js': asToday,
    'src/metrics.js': asToday,
  }),
  step('sami', '2026-01-22', 'feat(deploy): deploy all at once, and back', {
    'scripts/deploy.sh': asToday,
    'scripts/get.js': asToday,
  }),
  step('joon', '2026-01-27', 'feat(prices): bulk prices for tea and coffee', {
    'src/shelves/tea.js': asToday,
    'src/shelves/coffee.js': asToday,
  }),
  step('lina', '2026-01-29', 'feat(prices): bulk prices for spices and sweets', {
    'src/shelves/spices.js': asToday,
    'src/shelves/sweets.js': asToday,
  }),
  release('2026-02-02', '1.4.0'),
  step('mara', '2026-02-04', 'docs: write down what we promise', { 'docs/acceptance.md': asToday }),
  step('sami', '2026-02-10', 'fix(prices): a missing bulk price raises an alarm, not a 500', {
    'src/charge.js': asToday,
  }),
  release('2026-02-11', '1.4.1'),
  step('sami', '2026-02-18', 'fix(server): answer open requests before closing', { 'src/server.js': asToday }),
  release('2026-02-20', '1.4.2'),
];

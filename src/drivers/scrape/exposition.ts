/**
 * The Prometheus text format, as far as a reading needs it. Our own, because the library at hand
 * (parse-prometheus-text-format 1.1.1) forgets the labels of histograms and lets a later series overwrite an earlier one,
 * so that the sum over routes, which p99 needs, cannot be had from it.
 */

export interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** May be NaN or infinite. */
  readonly value: number;
  /** When the target measured it (epoch ms), or null: now. */
  readonly measuredAt: number | null;
}

export interface Exposition {
  readonly series: readonly Series[];
  /** Names that a `# TYPE` line announces, with or without series: a counter that was never raised is zero. */
  readonly declared: ReadonlySet<string>;
}

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)\s*/;
const LABEL = /\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(,|(?=\}))/y;
const MAX_SERIES = 50_000;

const unescape = (text: string): string =>
  text.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));

/** `{a="b",…}` from its brace on: the labels, and where they end; null when it is no such list. */
function parseLabels(
  line: string,
  from: number,
): { readonly labels: Record<string, string>; readonly end: number } | null {
  const labels: Record<string, string> = {};
  LABEL.lastIndex = from + 1;
  let end = from + 1;
  for (let match = LABEL.exec(line); match !== null; match = LABEL.exec(line)) {
    const [, key, value] = match;
    if (key !== undefined && value !== undefined) labels[key] = unescape(value);
    end = LABEL.lastIndex;
  }
  const close = line.slice(end).search(/\S/);
  return close !== -1 && line[end + close] === '}' ? { labels, end: end + close + 1 } : null;
}

function parseValue(text: string | undefined): number | null {
  switch (text) {
    case undefined:
    case '':
      return null;
    case '+Inf':
    case 'Inf':
      return Infinity;
    case '-Inf':
      return -Infinity;
    case 'NaN':
      return NaN;
    default:
      return Number.isNaN(Number(text)) ? null : Number(text);
  }
}

function parseSample(line: string): Series | null {
  const name = SAMPLE.exec(line);
  if (name?.[1] === undefined) return null;
  const labelled =
    line[name[0].length] === '{' ? parseLabels(line, name[0].length) : { labels: {}, end: name[0].length };
  if (labelled === null) return null;
  // What follows a `#` here is an exemplar, which belongs to a trace and not to the value.
  const [value, timestamp] = (line.slice(labelled.end).split('#')[0] ?? '').trim().split(/\s+/);
  const number = parseValue(value);
  if (number === null) return null;
  const at = timestamp === undefined || timestamp === '' ? null : Number(timestamp);
  return {
    name: name[1],
    labels: labelled.labels,
    value: number,
    measuredAt: at !== null && Number.isFinite(at) ? at : null,
  };
}

/** Names of the series that a `# TYPE` line announces; OpenMetrics leaves `_total` out of it. */
function announced(name: string, type: string): readonly string[] {
  if (type === 'counter') return [name, `${name}_total`];
  return type === 'histogram' ? [name, `${name}_bucket`, `${name}_count`, `${name}_sum`] : [name];
}

/** Reads what is well-formed; a line that is not is skipped, because a page of HTML is no evidence either way. */
export function parseExposition(text: string): Exposition {
  const series: Series[] = [];
  const declared = new Set<string>();
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    const [, name, type] = /^#\s*TYPE\s+(\S+)\s+(\S+)/.exec(line) ?? [];
    if (name !== undefined && type !== undefined) announced(name, type).forEach((one) => declared.add(one));
    if (line === '' || line.startsWith('#')) continue;
    const sample = parseSample(line);
    if (sample !== null && series.length < MAX_SERIES) series.push(sample);
  }
  return { series, declared };
}

/** A place in the code that a stack trace names, as the runtime saw it. */
export interface Frame {
  readonly path: string;
  readonly line: number;
}

/** A frame found in the repository; `shared` counts the path parts from the end that agree. */
export interface Located {
  readonly file: string;
  readonly line: number;
  readonly shared: number;
}

const MAX_LINES = 200;
const MAX_LENGTH = 400;

const JAVA = /^\s*at ([\w$.]+)\.[\w$<>]+\((\w+\.(?:java|kt|scala|groovy)):(\d+)\)/;
const PYTHON = /^\s*File "([^"]+)", line (\d+)/;
// Node, browsers, Go and Ruby all write `path.ext:line` somewhere in the line.
const PATH_AND_LINE = /([^\s()'"`<>|,;?]+\.[A-Za-z]\w{0,5})(?:\?[^\s:]*)?:(\d+)/;
const NOT_OURS =
  /(?:^|\/)(?:node_modules|site-packages|dist-packages|vendor|gems|\.cargo|go\/pkg\/mod)\/|^node:|^internal\/|^\/usr\/(?:lib|local\/go)\//;

/** The places in a stack trace, innermost first; Python prints them the other way round. */
export function parseFrames(stack: string): readonly Frame[] {
  const lines = stack.split('\n', MAX_LINES).map((line) => line.slice(0, MAX_LENGTH));
  const frames = lines.flatMap((line) => frameIn(line) ?? []).filter((frame) => !NOT_OURS.test(frame.path));
  return lines.some((line) => PYTHON.test(line)) ? frames.reverse() : frames;
}

function frameIn(line: string): Frame | null {
  const java = JAVA.exec(line);
  if (java) {
    const [, type = '', file = '', number = ''] = java;
    return { path: [...type.split('.').slice(0, -1), file].join('/'), line: Number(number) };
  }
  const [, path = '', number = ''] = PYTHON.exec(line) ?? PATH_AND_LINE.exec(line) ?? [];
  return path === '' ? null : { path: plain(path), line: Number(number) };
}

/** The path without scheme and host, with forward slashes. */
function plain(path: string): string {
  return path
    .replace(/^.*?@(?=https?:|file:|\/)/, '')
    .replace(/^file:\/\//, '')
    .replace(/^https?:\/\/[^/]*/, '')
    .replaceAll('\\', '/');
}

/**
 * The repository's file behind a frame: the one whose path agrees longest from the end. A file name alone is enough
 * only when no other file has it; null when several fit equally well.
 */
export function locate(frame: Frame, files: readonly string[]): Located | null {
  const wanted = frame.path.split('/').reverse();
  const scored = files
    .map((file) => ({ file, shared: agreeing(wanted, file.split('/').reverse()) }))
    .filter(({ shared }) => shared > 0);
  const best = Math.max(0, ...scored.map(({ shared }) => shared));
  const [found, rival] = scored.filter(({ shared }) => shared === best);
  return found && !rival ? { ...found, line: frame.line } : null;
}

function agreeing(left: readonly string[], right: readonly string[]): number {
  const end = left.findIndex((part, i) => part === '' || part !== right[i]);
  return end === -1 ? left.length : end;
}

/** YAML text as data that still knows where each value stands, for line-exact mistakes (4-interfaces §2). */
import { isMap, isNode, isPair, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { Node } from 'yaml';
import { distinct } from './problems';
import type { Problem } from './problems';

export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface YamlFile {
  /** Name that mistakes carry, such as `tidegate.yaml`. */
  readonly name: string;
  /** Plain data; undefined when the text is no YAML. */
  readonly data: unknown;
  /** Mistakes of the YAML itself. */
  readonly problems: readonly Problem[];
  /** Where a value stands; of a value that is missing, where its nearest parent's key stands. */
  place(path: readonly PropertyKey[]): Place;
  /** Where the key of a value stands. */
  keyPlace(path: readonly PropertyKey[]): Place;
  /** What stands at a path, in words. */
  found(path: readonly PropertyKey[]): string;
}

interface Spot {
  readonly key: Node | null;
  readonly value: Node | null;
}

/** Parses one document; never throws. */
export function parseYamlFile(name: string, text: string): YamlFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const toPlace = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const problem = (offset: number, found: string, allowed: string): Problem => ({
    file: name,
    ...toPlace(offset),
    path: '(yaml)',
    found,
    allowed,
    didYouMean: null,
  });
  const problems = distinct(
    document.errors.map((error) => problem(error.pos[0], oneLine(error.message), 'YAML without this mistake')),
  );
  const root = document.contents;
  const start = (node: Node | null): Place => toPlace(node?.range?.[0] ?? 0);
  const file = {
    name,
    place: (path: readonly PropertyKey[]): Place => {
      const spots = walk(root, path);
      const last = spots[spots.length - 1];
      if (spots.length === path.length + 1) return start(last?.value ?? last?.key ?? null);
      return start(last?.key ?? last?.value ?? null);
    },
    keyPlace: (path: readonly PropertyKey[]): Place => {
      const spots = walk(root, path);
      const last = spots[spots.length - 1];
      return start(last?.key ?? last?.value ?? null);
    },
    found: (path: readonly PropertyKey[]): string => {
      const spots = walk(root, path);
      return spots.length === path.length + 1 ? inWords(spots[path.length]?.value ?? null) : 'nothing';
    },
  };
  if (problems.length > 0) return { ...file, data: undefined, problems };
  try {
    return { ...file, data: document.toJS() as unknown, problems };
  } catch (error) {
    // The YAML library throws here for aliases that unfold without end.
    const detail = error instanceof Error ? error.message : String(error);
    return { ...file, data: undefined, problems: [problem(0, oneLine(detail), 'YAML with few, resolvable aliases')] };
  }
}

/** The spots along a path, from the root as far as the document goes. */
function walk(root: unknown, path: readonly PropertyKey[]): Spot[] {
  const spots: Spot[] = [{ key: null, value: isNode(root) ? root : null }];
  for (const part of path) {
    const next = child(spots[spots.length - 1]?.value ?? null, part);
    if (!next) break;
    spots.push(next);
  }
  return spots;
}

function child(node: Node | null, part: PropertyKey): Spot | null {
  if (isSeq(node)) {
    const item = node.items[Number(part)];
    return isNode(item) ? { key: null, value: item } : null;
  }
  if (!isMap(node)) return null;
  const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(part));
  if (!isPair(pair)) return null;
  return { key: isNode(pair.key) ? pair.key : null, value: isNode(pair.value) ? pair.value : null };
}

function inWords(node: Node | null): string {
  if (isMap(node)) return 'a section';
  if (isSeq(node)) return 'a list';
  if (!isScalar(node) || node.value === null) return 'nothing';
  return JSON.stringify(node.value);
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();

import type { CandidateOrder } from '../../ports/source';
import type { Passenger } from '../../domain/environment';
import { TidegateFailure } from '../../domain/failures';
import { VERSION_TRAILER } from '../../domain/ids';
import { withSection } from './changelog';
import type { Mirror } from './mirror';
import { authoredByTidegate } from './pick';
import { fileAt, treeWith } from './tree';
import { withVersion } from './version-file';

/** Where the service keeps its version and its changelog (`repo` of the config). */
export interface VersionFiles {
  readonly versionFile: string;
  readonly changelog: string;
}

/**
 * The last commit of a candidate: production gets its version and the CHANGELOG lines of what is aboard, an
 * environment below only the version with build metadata. @throws BadPlan when the version file cannot carry it
 */
export async function commitVersion(
  mirror: Mirror,
  files: VersionFiles,
  tip: string,
  order: CandidateOrder,
  version: string,
  aboard: readonly Passenger[],
): Promise<string> {
  const changed = [await newVersionFile(mirror, files, tip, version)];
  if (order.production) changed.push(await newChangelog(mirror, files, tip, order, version, aboard));
  const tree = await treeWith(mirror, tip, changed);
  const subject = order.production ? `chore(release): ${version}` : `chore(${order.env}): ${version}`;
  const sha = await mirror.git.text('commit-tree', ['-p', tip, '-F', '-', tree], {
    input: `${subject}\n\n${VERSION_TRAILER}: ${version}\n`,
    env: authoredByTidegate(order.at),
  });
  return sha.trim();
}

async function newVersionFile(mirror: Mirror, { versionFile }: VersionFiles, tip: string, version: string) {
  const file = await fileAt(mirror.git, tip, versionFile);
  const { text, encoding } = decoded(file?.bytes ?? Buffer.alloc(0));
  const next = withVersion(versionFile, text, version);
  if (file === null || next === null) {
    throw new TidegateFailure(
      'BadPlan',
      `${versionFile} holds no version at commit ${tip.slice(0, 10)}: a JSON file with a "version" or a text file with ` +
        'nothing else is needed. Set repo.versionFile in tidegate.yaml.',
    );
  }
  return { path: versionFile, mode: file.mode, bytes: Buffer.from(next, encoding) };
}

async function newChangelog(
  mirror: Mirror,
  { changelog }: VersionFiles,
  tip: string,
  { date }: CandidateOrder,
  version: string,
  aboard: readonly Passenger[],
) {
  const file = await fileAt(mirror.git, tip, changelog);
  const { text, encoding } = decoded(file?.bytes ?? Buffer.alloc(0));
  const next = withSection(text, { version, date, fixed: aboard });
  return { path: changelog, mode: file?.mode ?? '100644', bytes: Buffer.from(next, encoding) };
}

/** As UTF-8, or byte by byte where the file is something else: what is not changed keeps its bytes either way. */
function decoded(bytes: Buffer): { readonly text: string; readonly encoding: 'utf8' | 'latin1' } {
  const text = bytes.toString('utf8');
  if (Buffer.from(text, 'utf8').equals(bytes)) return { text, encoding: 'utf8' };
  return { text: bytes.toString('latin1'), encoding: 'latin1' };
}

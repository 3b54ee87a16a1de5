/** Durable reports on disk: Markdown for people, JSON evidence beside it (4-interfaces §9, A-008, A-009). */
import { createHash } from 'node:crypto';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalJson } from '../../domain/canonical-json';
import type { DeploymentState } from '../../domain/deployment';
import { TidegateFailure } from '../../domain/failures';
import { redactAll } from '../../domain/redact';
import type { Sample } from '../../domain/watch';
import type { Reports } from '../../ports/reports';
import { createFile, readIfThere, replaceFile } from './files';
import { isReportName, reportName, reportStem, stampOf, type ReportKind } from './names';
import { renderRelease, renderRollback } from './templates';
import { reportView } from './view';

export interface FileReportsOptions {
  /** Folder of the reports; made when missing. */
  readonly dir: string;
  /** IANA time zone of the service: of names and of all times inside. */
  readonly zone: string;
}

/** Every method throws Unavailable, with the folder and what to do, when the disk does not do its part. */
export function createFileReports({ dir, zone }: FileReportsOptions): Reports {
  return {
    write: (deployment, samples) => onDisk(dir, () => writeReports({ dir, zone }, redactAll({ deployment, samples }))),
    list: () => onDisk(dir, () => listReports(dir, zone)),
    read: async (name, format) => {
      if (!isReportName(name)) return null;
      return onDisk(dir, () => readIfThere(join(dir, `${name}.${format}`)));
    },
  };
}

interface Facts {
  readonly deployment: DeploymentState;
  readonly samples: readonly Sample[];
}

/** Evidence first: it takes the name. A crash in between leaves a report without text, which the next write mends. */
async function writeReports({ dir, zone }: FileReportsOptions, facts: Facts): Promise<string> {
  await mkdir(dir, { recursive: true });
  const stem = reportStem(facts.deployment, zone);
  const view = reportView(facts.deployment, facts.samples, zone);
  const release = await writeEvidence(dir, 'release', { stem, number: 1 }, facts);
  // The pair carries the same number, also where the bare name would be free.
  const rollback = view.rollback && (await writeEvidence(dir, 'rollback', { stem, number: release.number }, facts));
  const page = { ...view, evidenceFile: `${release.name}.json`, evidenceSha256: release.sha256 };
  await replaceFile(join(dir, `${release.name}.md`), renderRelease({ ...page, pair: rollback?.name ?? null }));
  if (rollback) {
    const own = { ...view, evidenceFile: `${rollback.name}.json`, evidenceSha256: rollback.sha256, pair: release.name };
    await replaceFile(join(dir, `${rollback.name}.md`), renderRollback(own));
  }
  return release.name;
}

interface Written {
  readonly name: string;
  readonly number: number;
  readonly sha256: string;
}

/** Writes the JSON under the first name that is free or already this deployment's own. */
async function writeEvidence(
  dir: string,
  kind: ReportKind,
  { stem, number }: { readonly stem: string; readonly number: number },
  facts: Facts,
): Promise<Written> {
  const name = reportName(kind, stem, number);
  const path = join(dir, `${name}.json`);
  const { sha256, text } = evidenceText(kind, name, facts);
  const owner = await ownerOf(dir, name);
  if (owner === facts.deployment.id) {
    await replaceFile(path, text);
    return { name, number, sha256 };
  }
  if (owner === null && (await createFile(path, text))) return { name, number, sha256 };
  // Taken meanwhile: perhaps by another worker for this very deployment, so look at the same name again.
  return writeEvidence(dir, kind, { stem, number: owner === null ? number : number + 1 }, facts);
}

/** The deployment a name belongs to; null when it is free, and an empty text when it is somebody else's file. */
async function ownerOf(dir: string, name: string): Promise<string | null> {
  const files = await readdir(dir);
  if (!files.includes(`${name}.json`) && !files.includes(`${name}.md`)) return null;
  const evidence = await readIfThere(join(dir, `${name}.json`));
  try {
    const { deployment } = JSON.parse(evidence ?? '{}') as { readonly deployment?: { readonly id?: unknown } };
    return typeof deployment?.id === 'string' ? deployment.id : '';
  } catch {
    return '';
  }
}

/** The evidence with the SHA-256 of its canonical JSON (without that member) beside it. */
function evidenceText(
  kind: ReportKind,
  name: string,
  facts: Facts,
): { readonly sha256: string; readonly text: string } {
  const content = { format: 1, kind, name, ...facts };
  const sha256 = createHash('sha256').update(canonicalJson(content)).digest('hex');
  return { sha256, text: `${JSON.stringify({ ...content, sha256 }, null, 2)}\n` };
}

/** Newest first, by the start of the deployment; files of another kind by their last change. */
async function listReports(
  dir: string,
  zone: string,
): Promise<readonly { readonly name: string; readonly at: number }[]> {
  const files = await readdir(dir, { withFileTypes: true }).catch(ifMissing([]));
  const names = files.filter((file) => file.isFile() && file.name.endsWith('.md')).map(({ name }) => name.slice(0, -3));
  const reports = await Promise.all(
    names.filter(isReportName).map(async (name) => {
      return { name, at: stampOf(name, zone) ?? (await stat(join(dir, `${name}.md`))).mtimeMs };
    }),
  );
  return reports.sort((a, b) => b.at - a.at || a.name.localeCompare(b.name));
}

const ifMissing =
  <T>(value: T) =>
  (error: NodeJS.ErrnoException): T => {
    if (error.code === 'ENOENT') return value;
    throw error;
  };

async function onDisk<T>(dir: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const failure = new TidegateFailure(
      'Unavailable',
      `The report folder ${dir} cannot be used (${why}). Look whether this user may write there and the disk has space; ` +
        'the report is made again from the ledger.',
      { dir },
    );
    failure.cause = error;
    throw failure;
  }
}

import { relative } from 'node:path';
import { tokenFile } from './people';
import type { DemoPaths } from './paths';

/** Single quotes keep a shell from reading anything in a path. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** The lines to copy for an approval, by CLI and by HTTP. */
export function approveLines(apiUrl: string, paths: DemoPaths, bug: string, sha: string): readonly string[] {
  const token = `"$(cat ${quoted(relative(process.cwd(), tokenFile(paths, 'bo')))})"`;
  const body = JSON.stringify({ verb: 'approve-prod', sha });
  return [
    `TIDEGATE_URL=${apiUrl} TIDEGATE_TOKEN=${token} npx tidegate bug approve ${bug} --sha ${sha}`,
    `curl -X POST ${apiUrl}/v1/bugs/${bug}/decisions -H "authorization: Bearer "${token} -H 'content-type: application/json' -d '${body}'`,
  ];
}

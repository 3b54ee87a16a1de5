/** What runs on the target: its version endpoint first, then the script's own `--status` (6-faults E2). */
import type { Observation } from '../../ports/deployer';
import { askVersion, type VersionAnswer } from '../http/version-endpoint';
import type { Variables } from './environment';
import { parseMetadata } from './lines';
import { runShort } from './short-run';
import type { Stage } from './stage';
import { knowsVerb } from './verbs';

const MAX_ANSWER_BYTES = 65_536;

interface StatusAnswer {
  readonly running: Extract<Observation, { state: 'running' }> | null;
  readonly detail: string;
}

/** Runs `--status` of the present script; what it does not print is null. */
export async function askStatus(stage: Stage | null, variables: Variables, timeoutMs: number): Promise<StatusAnswer> {
  if (stage === null) return { running: null, detail: 'no script has acted here yet that could be asked' };
  if (!knowsVerb(stage.script, '--status')) return { running: null, detail: 'the script does not know --status' };
  const run = await runShort(stage.script.path, ['--status'], { folder: stage.folder, variables, timeoutMs });
  if (run.timedOut) return { running: null, detail: `--status gave no answer within ${timeoutMs} ms` };
  if (run.code !== 0) return { running: null, detail: `--status ended with ${run.code}` };
  const { version, sha, deployment } = parseMetadata(Buffer.from(run.output));
  if (!version && !sha) return { running: null, detail: '--status names neither a version nor a sha' };
  const running = {
    state: 'running',
    version: version ?? null,
    sha: sha ?? null,
    deployment: deployment ?? null,
    source: '--status',
  } as const;
  return { running, detail: '' };
}

/** Asks the version endpoint; null when the environment has none. */
export function askEndpoint(url: string, path: string | null, timeoutMs: number): Promise<VersionAnswer> | null {
  if (path === null) return null;
  const endpoint = new URL(path, url);
  return askVersion(endpoint.href, { timeoutMs, maxBytes: MAX_ANSWER_BYTES, allowedHosts: [endpoint.host] });
}

/** Joins the two: a refused connection and no status is down; anything else that does not say what runs is unclear. */
export async function observeTarget(
  url: string,
  endpoint: VersionAnswer | null,
  status: () => Promise<StatusAnswer>,
): Promise<Observation> {
  if (endpoint?.kind === 'running') {
    const { version, sha, deployment } = endpoint;
    return { state: 'running', version, sha, deployment, source: url };
  }
  const second = await status();
  if (second.running !== null) return second.running;
  const detail = [endpoint?.detail, second.detail].filter(Boolean).join('; ');
  return { state: endpoint?.kind === 'refused' ? 'down' : 'unclear', detail };
}

/** One line for people and reports. */
export function describeObservation(seen: Observation): string {
  switch (seen.state) {
    case 'running':
      return `running ${seen.version ?? 'an unnamed version'} (${seen.sha?.slice(0, 12) ?? 'no sha'}) by ${seen.source}`;
    case 'down':
      return `down: ${seen.detail}`;
    case 'unclear':
      return `unclear: ${seen.detail}`;
  }
}

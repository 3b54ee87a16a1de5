/** What a target's version endpoint says it runs. */
import { fetchFailureCause, fetchLimited, type FetchLimits } from './fetch-limited';
import { cleanText } from '../text';

export type VersionAnswer =
  | {
      readonly kind: 'running';
      readonly version: string | null;
      readonly sha: string | null;
      readonly deployment: string | null;
    }
  | { readonly kind: 'refused'; readonly detail: string }
  | { readonly kind: 'unclear'; readonly detail: string };

const MAX_VALUE = 200;

function field(body: Record<string, unknown>, name: string): string | null {
  const value = body[name];
  if (typeof value !== 'string') return null;
  const text = cleanText(value).trim();
  return text === '' || text.length > MAX_VALUE ? null : text;
}

function parse(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}

/**
 * Asks for JSON with `version`, `sha` and `deployment`, each of which may be missing, but not version and SHA both.
 * Never throws: no answer and an answer that says nothing are answers too.
 */
export async function askVersion(url: string, limits: FetchLimits): Promise<VersionAnswer> {
  try {
    const answer = await fetchLimited(url, { ...limits, headers: { accept: 'application/json' } });
    if (answer.status !== 200) return { kind: 'unclear', detail: `GET ${url} answered ${answer.status}, expected 200` };
    const body = parse(answer.body);
    if (body === null) return { kind: 'unclear', detail: `GET ${url} answered 200, but not with a JSON object` };
    const version = field(body, 'version');
    const sha = field(body, 'sha');
    if (version === null && sha === null) {
      return { kind: 'unclear', detail: `GET ${url} answered 200, but names neither a version nor a sha` };
    }
    return { kind: 'running', version, sha, deployment: field(body, 'deployment') };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { kind: fetchFailureCause(error) === 'refused' ? 'refused' : 'unclear', detail };
  }
}

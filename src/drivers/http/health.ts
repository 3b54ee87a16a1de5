/** Whether a target says of itself that it is well. */
import { fetchLimited } from './fetch-limited';

/** True or false as the target is; null when nobody can tell. Never throws. */
export type AskHealth = () => Promise<boolean | null>;

const TIMEOUT_MS = 5_000;
const MAX_BYTES = 1_048_576;

/** Asks a URL that answers 2xx when the service is well. A service that does not answer is not well. */
export function createHttpHealth(url: string, timeoutMs = TIMEOUT_MS): AskHealth {
  const limits = { timeoutMs, maxBytes: MAX_BYTES, allowedHosts: [new URL(url).host] };
  return () =>
    fetchLimited(url, limits).then(
      ({ status }) => status >= 200 && status < 300,
      () => false,
    );
}

import { TidegateFailure } from '../../domain/failures';
import { shown } from './names';

const LOOPBACK = /^(?:127(?:\.\d{1,3}){3}|localhost|\[::1\])$/;
const SCP = /^[A-Za-z0-9._-]+@[A-Za-z0-9][A-Za-z0-9.-]*:(?!:)[^\s]+$/;

/**
 * The one transport git may use for the configured remote. Everything that would let a URL name a program
 * (`ext::…`, a leading dash) is refused (abuse 18). @throws BadPlan
 */
export function protocolOf(url: string): 'https' | 'http' | 'ssh' | 'file' {
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  if (url === '' || url.startsWith('-') || url.includes('::') || /[\u0000-\u001f]/.test(url)) throw refused(url);
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(url)?.[1]?.toLowerCase();
  switch (scheme) {
    case undefined:
      return SCP.test(url) ? 'ssh' : 'file';
    case 'file':
      return 'file';
    case 'ssh':
    case 'https':
      if (hostOf(url)?.startsWith('-') !== false) throw refused(url);
      return scheme;
    case 'http':
      if (!LOOPBACK.test(hostOf(url) ?? '')) throw refused(url);
      return 'http';
    default:
      throw refused(url);
  }
}

/** The URL as it may be shown. */
export const withoutPassword = (url: string): string => url.replace(/\/\/[^/\s@]+@/, '//');

function hostOf(url: string): string | null {
  try {
    return new URL(url).hostname;
  } catch {
    return null;
  }
}

function refused(url: string): TidegateFailure {
  return new TidegateFailure(
    'BadPlan',
    `repo.url ${shown(withoutPassword(url))} is not a git remote Tidegate uses: a folder, https://…, ssh://… or ` +
      'user@host:path is allowed (http:// on this machine only). Correct it in tidegate.yaml.',
  );
}

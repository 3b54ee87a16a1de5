/** Who calls: bearer tokens against the people of the config, and what they may see (5-quality §2). */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Person } from '../config/loaded';
import type { Actor, Role, Surface } from '../domain/people';
import type { ServicePolicy } from '../domain/policy';
import { tokenProblem, type TokenState } from '../domain/token';
import type { Ledger } from '../ports/ledger';
import { ApiProblem } from './problems';

/** What the API needs of a configured service. */
export interface ApiService {
  readonly policy: ServicePolicy;
  readonly people: readonly Pick<Person, 'id' | 'roles' | 'tokenSha256'>[];
}

/** A known person, with their roles per service: none in a service means no access to it. */
export interface Caller {
  readonly id: string;
  readonly roles: ReadonlyMap<string, readonly Role[]>;
  /** The token from the ledger that they came with; null: the one of the config, which has no limits of its own. */
  readonly token: Pick<TokenState, 'id' | 'scope' | 'expiresAt'> | null;
}

/** What an `Authorization` header opens; without a caller perhaps the sentence why not. */
export interface Entry {
  readonly caller: Caller | null;
  readonly problem: string | null;
}
/** @throws Unavailable when a token must be looked up and the ledger is away */
export type Door = (header: string | undefined) => Promise<Entry>;

/** Roles that may do more than read; an auditor only reads. */
const ACTING: readonly Role[] = ['admin', 'manager', 'senior', 'cto', 'developer', 'operator'];

const NOBODY: Entry = { caller: null, problem: null };

/** The tokens of the config alone: they work while the ledger is away. */
export function configDoor(services: readonly ApiService[]): Door {
  return (header) => {
    const digest = tokenDigest(header);
    return Promise.resolve(digest === null ? NOBODY : { caller: configured(services, digest), problem: null });
  };
}

/** The tokens of the config, then those of the ledger: looked up at each call, so that a revocation counts at once. */
export function createDoor(services: readonly ApiService[], ledger: Pick<Ledger, 'token'>, now: () => number): Door {
  return async (header) => {
    const digest = tokenDigest(header);
    if (digest === null) return NOBODY;
    const caller = configured(services, digest);
    if (caller) return { caller, problem: null };
    const token = await ledger.token('sha256', digest.toString('hex'));
    return token === null ? NOBODY : admitted(services, token, now());
  };
}

/** SHA-256 of the bearer token, or null when there is none that could be one of ours. */
function tokenDigest(header: string | undefined): Buffer | null {
  const token = /^Bearer +(tg_[A-Za-z0-9_-]{16,200})$/i.exec(header ?? '')?.[1];
  return token === undefined ? null : createHash('sha256').update(token).digest();
}

/** Its person as the config has them now: whoever left it, or lost a role, cannot use an old token for more. */
function admitted(services: readonly ApiService[], token: TokenState, now: number): Entry {
  const problem = tokenProblem(token, now);
  if (problem !== null) return { caller: null, problem };
  const people = services.find(({ policy }) => policy.service === token.service)?.people ?? [];
  const person = people.find(({ id }) => id === token.person);
  if (!person) return { caller: null, problem: `${token.person} is no longer among the people of ${token.service}.` };
  return { caller: { id: person.id, roles: new Map([[token.service, person.roles]]), token }, problem: null };
}

/** The person of the config with this token, or null. Compares with every person, in constant time. */
function configured(services: readonly ApiService[], digest: Buffer): Caller | null {
  const matches = services.flatMap(({ policy, people }) =>
    people
      .filter((person) => sameDigest(digest, person.tokenSha256))
      .map(({ id, roles }) => ({ service: policy.service, id, roles })),
  );
  const id = matches[0]?.id;
  if (id === undefined) return null;
  // One token under two names would be two people in one: only the first name counts.
  const own = matches.filter((match) => match.id === id);
  return { id, roles: new Map(own.map(({ service, roles }) => [service, roles])), token: null };
}

function sameDigest(digest: Buffer, expected: string | null): boolean {
  const other = Buffer.from(expected ?? '', 'hex');
  return timingSafeEqual(digest, other.length === digest.length ? other : Buffer.alloc(digest.length));
}

/** The services a caller may see, in the order of the config. */
export function visibleServices(services: readonly ApiService[], caller: Caller): readonly ApiService[] {
  return services.filter(({ policy }) => caller.roles.has(policy.service));
}

/** The service by name. @throws ApiProblem not-found, no-access */
export function serviceFor(services: readonly ApiService[], caller: Caller, name: string): ApiService {
  const found = services.find(({ policy }) => policy.service === name);
  if (!found) {
    const names = visibleServices(services, caller).map(({ policy }) => policy.service);
    throw new ApiProblem('not-found', `There is no service ${name}; yours: ${names.join(', ') || 'none'}.`);
  }
  if (!caller.roles.has(name)) {
    throw new ApiProblem('no-access', `${caller.id} is not among the people of ${name}. Ask an admin of ${name}.`);
  }
  return found;
}

/** The caller as the person behind a decision on a service. */
export function actorIn(caller: Caller, service: string, surface: Surface): Actor {
  return { id: caller.id, roles: caller.roles.get(service) ?? [], surface };
}

/** Null for everybody but those who may only read; else the sentence why not. */
export function readOnlySentence(actor: Actor): string | null {
  if (actor.roles.some((role) => ACTING.includes(role))) return null;
  return `${actor.id} is ${actor.roles.join(', ') || 'without a role'} and may only read. Ask somebody who is ${ACTING.join(' or ')}.`;
}

/** Null when the caller's token may do more than read; else the sentence why not. */
export function scopeSentence({ token }: Caller): string | null {
  if (token?.scope !== 'read') return null;
  return `Token ${token.id} may only read. Use one with the scope decide: tidegate auth token --scope decide.`;
}

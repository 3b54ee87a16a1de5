/** Who calls: bearer tokens against the people of the config, and what they may see (5-quality §2). */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Person } from '../config/loaded';
import type { Actor, Role, Surface } from '../domain/people';
import type { ServicePolicy } from '../domain/policy';
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
}

/** Roles that may do more than read; an auditor only reads. */
const ACTING: readonly Role[] = ['admin', 'manager', 'senior', 'cto', 'developer', 'operator'];

/** The person behind an `Authorization` header, or null. Compares with every person, in constant time. */
export function authenticate(services: readonly ApiService[], header: string | undefined): Caller | null {
  const token = /^Bearer +(tg_[A-Za-z0-9_-]{16,200})$/i.exec(header ?? '')?.[1];
  if (token === undefined) return null;
  const digest = createHash('sha256').update(token).digest();
  const matches = services.flatMap(({ policy, people }) =>
    people
      .filter((person) => sameDigest(digest, person.tokenSha256))
      .map(({ id, roles }) => ({ service: policy.service, id, roles })),
  );
  const id = matches[0]?.id;
  if (id === undefined) return null;
  // One token under two names would be two people in one: only the first name counts.
  const own = matches.filter((match) => match.id === id);
  return { id, roles: new Map(own.map(({ service, roles }) => [service, roles])) };
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

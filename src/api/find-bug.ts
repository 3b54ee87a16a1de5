/** Finds the bug behind a short number: numbers count per service, so one may exist in several. */
import type { BugState } from '../domain/bug';
import { serviceFor, visibleServices, type ApiService, type Caller } from './auth';
import type { ApiDeps } from './operation';
import { ApiProblem } from './problems';

export interface FoundBug {
  readonly service: ApiService;
  readonly state: BugState;
}

/** @throws ApiProblem not-found, no-access, or invalid when the number alone does not say which bug */
export async function findBug(
  { services, ledger }: ApiDeps,
  caller: Caller,
  id: string,
  wanted: string | undefined,
): Promise<FoundBug> {
  const service =
    wanted === undefined ? await onlyService(services, ledger, caller, id) : serviceFor(services, caller, wanted);
  const state = await ledger.bug(service.policy.service, id);
  if (state === null) throw new ApiProblem('not-found', `${service.policy.service} has no bug ${id}.`);
  return { service, state };
}

async function onlyService(
  services: readonly ApiService[],
  ledger: ApiDeps['ledger'],
  caller: Caller,
  id: string,
): Promise<ApiService> {
  const holding = await ledger.bugServices(id);
  const visible = visibleServices(services, caller).filter(({ policy }) => holding.includes(policy.service));
  const [first, second] = visible;
  if (first && !second) return first;
  if (first) {
    const names = visible.map(({ policy }) => policy.service).join(', ');
    const message = `There is a bug ${id} in ${names}: say which with ?service=${first.policy.service}`;
    throw new ApiProblem('invalid', `${message}.`, { errors: [{ path: 'service', message }] });
  }
  const elsewhere = services.some(({ policy }) => holding.includes(policy.service));
  if (elsewhere) throw new ApiProblem('no-access', `Bug ${id} belongs to a service that ${caller.id} is not part of.`);
  throw new ApiProblem('not-found', `There is no bug ${id}.`);
}

/** Facts that a gate asks for while a person waits: what runs, what git says, when the next slot is. */
import { bookingFor, slotLabel } from '../domain/booking';
import type { Booking, BugReport, Fix, Severity } from '../domain/bug';
import type { DeployRequest, EnvironmentState } from '../domain/environment';
import { chooseFlow, followBase, type FlowEnvironment, type FlowFacts } from '../domain/flow';
import type { SlotKind } from '../domain/slots';
import type { SlotQuestion } from '../ports/calendars';
import type { Source } from '../ports/source';
import { serviceOf, type ActivityDeps } from './deps';
import type { Activities, Suspension } from './index';

type GateFacts = Pick<
  Activities,
  'assess' | 'findFix' | 'approvalFacts' | 'nextSlot' | 'nextBooking' | 'suspended' | 'holds' | 'signers'
>;

const place = (name: string, state: EnvironmentState | null): FlowEnvironment => ({
  name,
  running: state?.running ?? null,
});

/** What git says of two builds, by patch id; null when one of them is unknown. */
async function differenceOf(
  source: Source,
  validation: FlowEnvironment,
  production: FlowEnvironment,
): Promise<FlowFacts['difference']> {
  if (validation.running === null || production.running === null) return null;
  await source.fetch();
  const { onlyLeft, onlyRight } = await source.compare(validation.running.sha, production.running.sha);
  return { onlyValidation: onlyLeft, onlyProduction: onlyRight };
}

function suspended(
  { calendars }: ActivityDeps,
  service: string,
  env: string,
  requests: readonly DeployRequest[],
  at: number,
): Suspension {
  const frozen = requests.flatMap((request) => {
    const freeze = calendars.frozen(service, env, request.passenger?.modules ?? [], at);
    return freeze ? [{ id: request.id, freeze }] : [];
  });
  const first = frozen.map(({ freeze }) => freeze).sort((a, b) => a.toAt - b.toAt)[0];
  return { requests: frozen.map(({ id }) => id), until: first?.toAt ?? null, freeze: first?.name ?? null };
}

export function createGateFacts(deps: ActivityDeps): GateFacts {
  const { ledger, calendars } = deps;

  function booking(bug: BugReport, env: string, kind: SlotKind, after: number): Booking {
    const { zone } = serviceOf(deps, bug.service).policy;
    const { slot } = calendars.next({ service: bug.service, env, modules: bug.modules, kind, after, departed: [] });
    return bookingFor(slot, env, zone);
  }

  return {
    async assess(bug: BugReport, severity: Severity, foundIn: string, at: number) {
      const { policy, source } = serviceOf(deps, bug.service);
      const validation = place(policy.validation, await ledger.environment(bug.service, policy.validation));
      const production = place(policy.production, await ledger.environment(bug.service, policy.production));
      const difference = await differenceOf(source, validation, production);
      const choice = onlyFlow1(
        chooseFlow(followBase({ severity, foundIn, validation, production, difference })),
        policy.validation,
      );
      return { choice, booking: 'blocked' in choice ? null : booking(bug, policy.validation, 'T1', at) };
    },

    findFix: (service: string, ref: string) => serviceOf(deps, service).source.fix(ref),

    async approvalFacts(bug: BugReport, fix: Fix, at: number) {
      const { policy, source } = serviceOf(deps, bug.service);
      const branch = await source.fix(fix.ref);
      const production = await ledger.environment(bug.service, policy.production);
      const validation = await ledger.environment(bug.service, policy.validation);
      return {
        head: branch?.head ?? (await source.resolve(fix.head)),
        onValidation:
          validation?.running?.fixes.some(
            ({ bug: id, fix: { head }, leaving }) => id === bug.id && head === fix.head && !leaving,
          ) ?? false,
        productionSha: production?.running?.sha ?? null,
        booking: booking(bug, policy.production, 'T2', at),
      };
    },

    nextSlot(question: SlotQuestion) {
      const { zone } = serviceOf(deps, question.service).policy;
      const answer = calendars.next(question);
      return Promise.resolve({ ...answer, label: slotLabel(answer.slot, zone) });
    },

    nextBooking: (bug: BugReport, env: string, kind: SlotKind, after: number) =>
      Promise.resolve(booking(bug, env, kind, after)),

    signers: (service: string) => Promise.resolve(serviceOf(deps, service).policy.signers),

    suspended: (...question) => Promise.resolve(suspended(deps, ...question)),

    async holds(service: string, sha: string, other: string) {
      const { source } = serviceOf(deps, service);
      await source.fetch();
      return (await source.compare(sha, other)).onlyRight.length === 0;
    },
  };
}

/**
 * Flow 2, the hotfix and fixes that ship with a release arrive with later versions of Tidegate: until then such a bug
 * is blocked with the evidence rather than sent down a path that would be wrong for it (T-006).
 */
function onlyFlow1(choice: ReturnType<typeof chooseFlow>, validation: string): ReturnType<typeof chooseFlow> {
  if ('blocked' in choice) return choice;
  if (choice.flow === 'flow1' && choice.legs.length === 2) return choice;
  const path =
    choice.shipsWith === null ? choice.flow : `${validation} first, then with the release of ${choice.shipsWith}`;
  return {
    evidence: choice.evidence,
    blocked: {
      what: `Step 0 chose ${path} (${choice.evidence.join('; ')}), which this version of Tidegate does not run yet`,
      whoCanLift: `an operator who brings ${validation} and production to the same version; then retry`,
    },
  };
}

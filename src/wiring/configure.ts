import type { Conductor } from '../client/conductor';
import type { ServicePolicy } from '../domain/policy';
import type { Ledger } from '../ports/ledger';

const PAGE = 100;

/** Tells every environment the present config; when it changed, also every bug that sleeps to a T1. */
export async function configure(policy: ServicePolicy, conductor: Conductor, ledger: Ledger): Promise<void> {
  const { service, validation, revision } = policy;
  const before = await ledger.environment(service, validation);
  await conductor.configure(policy);
  if (before === null || before.revision === revision) return;
  const filter = { service, status: ['confirmed', 'planned'] as const, severity: null, q: null, limit: PAGE };
  for (let cursor: string | null = null, more = true; more;) {
    const page = await ledger.bugs({ ...filter, cursor });
    for (const { id, booking } of page.items) if (booking?.slot === 'T1') await conductor.recalendar(service, id);
    cursor = page.next;
    more = cursor !== null;
  }
}

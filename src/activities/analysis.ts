/** T1: find the fix, work out the likely cause, write the plan (T-011). */
import { beating } from './context';
import { serviceOf, type ActivityDeps } from './deps';
import type { Activities } from './index';

export function createAnalysis(deps: ActivityDeps): Pick<Activities, 'analyse'> {
  return {
    async analyse(bug, known) {
      const { fixer, analyst, policy } = serviceOf(deps, bug.service);
      return beating(
        (async () => {
          const fix = known ?? (await fixer.find(bug));
          const environment = await deps.ledger.environment(bug.service, policy.production);
          const analysis = await analyst.analyse(bug, environment?.running?.sha ?? null, fix);
          return { analysis, fix };
        })(),
      );
    },
  };
}

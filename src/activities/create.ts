import { createActs } from './acts';
import { createAnalysis } from './analysis';
import { createCandidateActivities } from './candidate';
import type { ActivityDeps } from './deps';
import { translating } from './failures';
import { createGateFacts } from './gate-facts';
import type { Activities } from './index';
import { createRecord } from './record';
import { createTargetActivities } from './target';
import { createWatch } from './watch';

/** All activities over the given ports; a worker registers those of its queue. */
export function createActivities(deps: ActivityDeps): Activities {
  return translating<Activities>({
    ...createRecord(deps),
    ...createGateFacts(deps),
    ...createAnalysis(deps),
    ...createCandidateActivities(deps),
    ...createTargetActivities(deps),
    ...createActs(deps),
    ...createWatch(deps),
  });
}

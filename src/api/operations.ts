/** Every call of the API, in the order in which paths are tried. Adding one here is all it takes to have it. */
import type { Operation } from './operation';
import { bugOperations } from './routes/bugs';
import { decisionOperations } from './routes/decisions';
import { deploymentOperations } from './routes/deployments';
import { environmentOperations } from './routes/environments';
import { eventOperations } from './routes/events';
import { healthOperations } from './routes/health';
import { inboxOperations } from './routes/inbox';
import { reportOperations } from './routes/reports';
import { tokenOperations } from './routes/tokens';

export const operations: readonly Operation[] = [
  ...bugOperations,
  ...decisionOperations,
  ...environmentOperations,
  ...deploymentOperations,
  ...inboxOperations,
  ...reportOperations,
  ...eventOperations,
  ...tokenOperations,
  ...healthOperations,
];

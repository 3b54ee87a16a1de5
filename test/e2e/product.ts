import { join } from 'node:path';
import { destination } from 'pino';
import { createLogger } from '../../src/api/logger';
import { loadConfig } from '../../src/config/load';
import { startAll, type Up } from '../../src/up';
import { signingWith } from '../../src/wiring/signing';
import { SIGNING_KEY } from '../support/signing';

/** What a process needs to know to run the product; plain data, so that it can be handed to a child. */
export interface ProductPlan {
  readonly configPath: string;
  readonly stateDir: string;
  /** Of the Temporal server, `host:port`. */
  readonly temporal: string;
  readonly bundle: string;
}

/** The product with all roles in this process, as `tidegate up` starts them, on any free port. */
export function startProduct({ configPath, stateDir, temporal, bundle }: ProductPlan): Promise<Up> {
  return startAll({
    signing: signingWith(SIGNING_KEY),
    services: loadConfig({ configPath, cwd: stateDir, variables: {}, secrets: 'require' }),
    temporal: { address: temporal, namespace: 'default', options: {}, uiUrl: null },
    stateDir,
    ledger: join(stateDir, 'ledger.db'),
    listen: { host: '127.0.0.1', port: 0 },
    logger: createLogger('warn', destination({ dest: join(stateDir, 'tidegate.log'), sync: true })),
    workflows: { workflowBundle: { codePath: bundle } },
  });
}

/**
 * The control: the same product without lock, fence, step ledger and observation before acting. A harness under which
 * this one deploys nothing twice proves nothing.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import type { ActResult, Deployer, DeployOrder } from '../../src/ports/deployer';
import type { Ledger } from '../../src/ports/ledger';
import { DEPLOY_SCRIPT } from './deploy-script';

export interface Unguarded {
  /** Remembers no step: every attempt believes that it is the first. */
  ledger(ledger: Ledger): Ledger;
  /** Spawns the script each time it is asked to, as a plain child, and does not look before. */
  deployer(deployer: Deployer, env: string): Deployer;
}

/** `root` is the folder of the case. */
export function createUnguarded(root: string): Unguarded {
  // Between the question for the step and the act lies the one observation that keeps the product from acting twice.
  let blind = false;
  return {
    ledger: (ledger) => ({
      ...ledger,
      step() {
        blind = true;
        return Promise.resolve(null);
      },
      intend: () => Promise.resolve(true),
      settle: () => Promise.resolve(),
    }),
    deployer: (deployer, env) => ({
      ...deployer,
      async act(order, hooks) {
        const beat = setInterval(() => hooks.heartbeat('acting'), 500);
        try {
          return await spawned(root, env, order);
        } finally {
          clearInterval(beat);
          blind = false;
        }
      },
      observe: () => (blind ? Promise.resolve({ state: 'down', detail: 'nobody looked' }) : deployer.observe()),
    }),
  };
}

async function spawned(root: string, env: string, order: DeployOrder): Promise<ActResult> {
  const cwd = join(root, 'unguarded');
  await mkdir(cwd, { recursive: true });
  const script = join(cwd, `deploy-${process.pid}.sh`);
  await writeFile(script, DEPLOY_SCRIPT, { mode: 0o755 });
  const { to, act, deployment, fence } = order;
  const variables = {
    ...parseEnv(await readFile(join(root, `.env.${env}`), 'utf8')),
    PATH: process.env.PATH,
    TIDEGATE_ENV: env,
    TIDEGATE_DEPLOYMENT_ID: deployment,
    TIDEGATE_VERSION: to.version,
    TIDEGATE_SHA: to.sha,
    TIDEGATE_FENCE: String(fence),
  };
  const args = act === 'rollback' ? ['--rollback', '--to', to.version, '--sha', to.sha] : [];
  const child = spawn(script, args, { cwd, env: variables, detached: true, stdio: 'ignore' });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code === null ? { outcome: 'lost', tail: '' } : { outcome: 'exited', code, metadata: {}, tail: '' };
}

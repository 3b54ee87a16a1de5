/** A deploy script that takes its time, run by the product's own driver. */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createScriptDeployer } from '../../../src/drivers/script/deployer';
import type { Deployer, Observation } from '../../../src/ports/deployer';

export const SCRIPT = 'deploy.sh';

/** Everything it needs is said by its surroundings, so that a loop can run the very same file. */
const TEXT = `#!/usr/bin/env bash
# Knows --rollback, --check and --status.
set -euo pipefail
here=PLACE/$TIDEGATE_ENV
case "\${1:-}" in
  '')
    sleep PACE
    printf '%s\\n' "::tidegate version=$TIDEGATE_VERSION sha=$TIDEGATE_SHA deployment=$TIDEGATE_DEPLOYMENT_ID" >"$here"
    ;;
  --status) cat -- "$here" ;;
  --check | --rollback) : ;;
  *) exit 2 ;;
esac
`;

/** Writes the script into a folder. */
export async function writeScript(folder: string, place: string, seconds: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, SCRIPT);
  await writeFile(path, TEXT.replace('PLACE', place).replace('PACE', String(seconds)));
  await chmod(path, 0o755);
}

/** The real driver; before the first deployment the target says what `before` says. */
export function scriptDeployer(
  place: { readonly service: string; readonly env: string; readonly folder: string },
  seconds: number,
  before: Observation,
): Deployer {
  const { service, env, folder } = place;
  const deployer = createScriptDeployer({
    service,
    env,
    host: 'bench',
    script: SCRIPT,
    scriptFrom: null,
    checkout: (_sha, to) => writeScript(to, folder, seconds),
    resolve: () => Promise.resolve(null),
    workDir: join(folder, 'work'),
    envFile: null,
    envTemplate: null,
    url: 'http://127.0.0.1:9',
    versionPath: null,
    hostEnv: { PATH: process.env.PATH, HOME: process.env.HOME },
  });
  return {
    ...deployer,
    async observe() {
      const seen = await deployer.observe();
      return seen.state === 'running' ? seen : before;
    },
  };
}

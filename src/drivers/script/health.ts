/** Whether a target is well, by a script of the repository (`health: { script }`): its exit code says so. */
import type { AskHealth } from '../http/health';
import { readEnvFile, scriptVariables } from './environment';
import { scriptIn } from './checkout';
import { environmentFolder } from './job';
import type { ScriptDeployerOptions } from './options';
import { runShort } from './short-run';
import { presentStage } from './stage';

const TIMEOUT_MS = 10_000;

type HealthOptions = Pick<ScriptDeployerOptions, 'service' | 'env' | 'script' | 'workDir' | 'envFile' | 'hostEnv'>;

/**
 * Runs the script from the checkout that acted last: exit code 0 is well, anything else and silence is not. Nobody can
 * tell before the first deployment, or when the script cannot be run at all: that is missing evidence.
 */
export function createScriptHealth(options: HealthOptions, timeoutMs = TIMEOUT_MS): AskHealth {
  const { service, env, script, workDir, envFile, hostEnv } = options;
  return async () => {
    try {
      const stage = await presentStage(environmentFolder(workDir, service, env));
      if (stage === null) return null;
      const { path } = await scriptIn(stage.folder, script);
      const context = { service, env, host: hostEnv, envFile: await readEnvFile(envFile) };
      const variables = scriptVariables(context, null, null);
      return (await runShort(path, [], { folder: stage.folder, variables, timeoutMs })).code === 0;
    } catch {
      return null;
    }
  };
}

/** What must be true before a script may act (A-013, A-030, A-103, X-33). Changes nothing on the target. */
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { TidegateFailure } from '../../domain/failures';
import type { Check } from '../../domain/deployment';
import type { DeployOrder } from '../../ports/deployer';
import { createRedactor, envFileProblems, parseEnvFile, readEnvFile, type Variables } from './environment';
import { explainExit } from '../../domain/exit-codes';
import { tailText } from './lines';
import type { LockTools } from './lock';
import { runShort } from './short-run';
import type { Stage } from './stage';
import { knowsVerb } from './verbs';

const check = (name: string, ok: boolean, detail: string): Check => ({ name, ok, detail });

/** Turns a plan that cannot be carried out into a failed check; anything else is thrown on. */
async function asCheck(name: string, look: () => Promise<Check>): Promise<Check> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof TidegateFailure && error.kind === 'BadPlan') return check(name, false, error.message);
    throw error;
  }
}

export function lockCheck(tools: LockTools, host: string): Check {
  if (tools.flock !== null && tools.setsid !== null)
    return check('lock', true, `flock guards this environment on ${host}`);
  const missing = [tools.flock === null ? 'flock' : null, tools.setsid === null ? 'setsid' : null]
    .filter(Boolean)
    .join(' and ');
  return check(
    'lock',
    true,
    `${host} has no ${missing} (util-linux): scripts run without a lock, so let one worker only touch this environment`,
  );
}

/** The script is there; one that is not the one that acted last is no fault, but people hear of it (abuse 19). */
export function scriptCheck(stage: Stage, last: Stage | null): Check {
  const changed = last !== null && last.script.text !== stage.script.text;
  const there = `${basename(stage.script.path)} is there and executable`;
  return check('script', true, changed ? `${there}; it differs from the one that acted here last` : there);
}

export function rollbackVerbCheck(stage: Stage): Check {
  return knowsVerb(stage.script, '--rollback')
    ? check('rollback verb', true, 'the script knows --rollback')
    : check(
        'rollback verb',
        false,
        `${basename(stage.script.path)} does not mention --rollback: a bad release could not be taken back. Add --rollback --to VERSION --sha SHA to it.`,
      );
}

/** Complete means: every key of the template has a value, and no value is a placeholder (A-030). */
export function envFileCheck(envFile: string | null, template: string | null, checkout: string): Promise<Check> {
  return asCheck('environment file', async () => {
    if (envFile === null) return check('environment file', true, 'this environment has none');
    const values = await readEnvFile(envFile);
    const expected = template === null ? null : await readFile(join(checkout, template), 'utf8').catch(() => null);
    const required = expected === null ? [] : Object.keys(parseEnvFile(expected, template ?? ''));
    const problems = envFileProblems(values, required);
    if (problems.length > 0) return check('environment file', false, `${basename(envFile)}: ${problems.join('; ')}`);
    const against = expected === null ? 'no template to hold it against' : `all ${required.length} keys of ${template}`;
    return check('environment file', true, `${basename(envFile)}: no placeholder, ${against}`);
  });
}

/** Asks the script whether the previous version can be pulled and booted (`--check`). */
export async function previousCheck(
  stage: Stage,
  order: DeployOrder,
  variables: Variables,
  timeoutMs: number,
): Promise<Check> {
  const name = 'previous version';
  if (order.previous === null)
    return check(name, true, 'first deployment here: there is nothing to roll back to (X-33)');
  if (!knowsVerb(stage.script, '--check')) {
    const script = basename(stage.script.path);
    return check(
      name,
      false,
      `${script} does not mention --check, so nobody knows whether ${order.previous.version} still boots. Add --check to it.`,
    );
  }
  const run = await runShort(stage.script.path, ['--check'], { folder: stage.folder, variables, timeoutMs });
  if (run.code === 0) return check(name, true, `${order.previous.version} can be pulled and booted (--check)`);
  const last =
    createRedactor(variables)(tailText(Buffer.from(run.output), 500))
      .split('\n')
      .at(-1) ?? '';
  const why = run.timedOut ? `--check gave no answer within ${timeoutMs / 1_000} s` : explainExit(run.code ?? 137);
  return check(
    name,
    false,
    `${order.previous.version} cannot be shown to boot: ${why}${last === '' ? '' : `; it said: ${last}`}`,
  );
}

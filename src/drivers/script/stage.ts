/** Where a script comes from and where it works. */
import { isAbsolute, join } from 'node:path';
import { TidegateFailure } from '../../domain/failures';
import type { DeployOrder } from '../../ports/deployer';
import { findScript, prepareCheckout, scriptIn, type FoundScript } from './checkout';
import { readIfThere, writeAtomic } from './job';
import type { ScriptDeployerOptions } from './options';

/** A script in the folder where it works: the candidate's checkout. */
export interface Stage {
  readonly folder: string;
  readonly script: FoundScript;
}

/**
 * The candidate of an order: what is deployed, or what is left by a rollback, whose script knows how to go back from it.
 */
function candidateSha(order: DeployOrder): string {
  return order.act === 'deploy' ? order.to.sha : (order.previous?.sha ?? order.to.sha);
}

async function pinnedScript(
  base: string,
  order: DeployOrder,
  ref: string,
  options: ScriptDeployerOptions,
): Promise<FoundScript> {
  const sha = await options.resolve(ref);
  if (sha === null) {
    throw new TidegateFailure('BadPlan', `deploy.scriptFrom names ${ref}, which the repository does not have.`);
  }
  return scriptIn(await prepareCheckout(base, order.deployment, sha, options.checkout), options.script);
}

/** The candidate's own script, or the one that config names by its place on this host. */
async function ownScript(folder: string, script: string): Promise<FoundScript> {
  return isAbsolute(script) ? findScript(script, null) : scriptIn(folder, script);
}

/** The candidate's checkout for an order; the same for every call. @throws BadRef, and what the checkout throws */
export async function candidateFolder(
  base: string,
  order: DeployOrder,
  options: ScriptDeployerOptions,
): Promise<string> {
  return prepareCheckout(base, order.deployment, candidateSha(order), options.checkout);
}

/** The script of an order, from where `deploy.scriptFrom` says. @throws BadPlan */
export async function findStage(base: string, order: DeployOrder, options: ScriptDeployerOptions): Promise<Stage> {
  const folder = await candidateFolder(base, order, options);
  const from = options.scriptFrom;
  if (from === null) return { folder, script: await ownScript(folder, options.script) };
  if ('path' in from) return { folder, script: await findScript(from.path, null) };
  return { folder, script: await pinnedScript(base, order, from.ref, options) };
}

interface Present {
  readonly folder: string;
  readonly script: string;
}

const presentFile = (base: string): string => join(base, 'present');

/** Remembers the script that acted last, for `--status`. */
export async function rememberPresent(base: string, stage: Stage): Promise<void> {
  const present: Present = { folder: stage.folder, script: stage.script.path };
  await writeAtomic(presentFile(base), JSON.stringify(present));
}

/** The script that acted last on this environment; null before the first deployment or when it is gone. */
export async function presentStage(base: string): Promise<Stage | null> {
  const text = await readIfThere(presentFile(base));
  if (text === null) return null;
  const { folder, script } = JSON.parse(text) as Present;
  try {
    return { folder, script: await findScript(script, null) };
  } catch {
    return null;
  }
}

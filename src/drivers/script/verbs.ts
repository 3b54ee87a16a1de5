/** The verbs of the deploy script contract (4-interfaces §3). */
import { TidegateFailure } from '../../domain/failures';
import type { DeployOrder } from '../../ports/deployer';
import type { FoundScript } from './checkout';

export type Verb = '--rollback' | '--check' | '--status';

/**
 * Whether a script says that it knows a verb. One that ignores its arguments would deploy when it is asked for its
 * status, so a verb is only used when the script's text names it; a wrapper may name it in a comment.
 */
export const knowsVerb = (script: FoundScript, verb: Verb): boolean =>
  new RegExp(`(?<![\\w-])${verb}(?![\\w-])`).test(script.text);

function deployArguments(order: DeployOrder): readonly string[] {
  switch (order.strategy) {
    case 'all-at-once':
      return [];
    case 'canary':
    case 'blue-green':
    case 'manual':
      throw new TidegateFailure(
        'BadPlan',
        `The script driver deploys all at once; the strategy ${order.strategy} is not carried out here. Choose all-at-once.`,
      );
  }
}

/** The argument list of an act. @throws BadPlan for what the driver or the script cannot do */
export function actArguments(order: DeployOrder, script: FoundScript): readonly string[] {
  if (order.act === 'deploy') return deployArguments(order);
  if (!knowsVerb(script, '--rollback')) {
    throw new TidegateFailure(
      'BadPlan',
      `${script.path} does not know --rollback, so nothing can be rolled back with it.`,
    );
  }
  return ['--rollback', '--to', order.to.version, '--sha', order.to.sha];
}

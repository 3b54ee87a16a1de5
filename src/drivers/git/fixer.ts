import type { Fixer } from '../../ports/fixer';
import type { Source } from '../../ports/source';

/** Fix provider `branch`: a bug's fix is the branch that the pattern names, e.g. `fix/{{bug}}`. */
export function createBranchFixer(source: Pick<Source, 'fix'>, pattern: string): Fixer {
  return {
    find: (bug) => source.fix(pattern.replaceAll('{{bug}}', () => bug.id).replaceAll('{{service}}', () => bug.service)),
  };
}

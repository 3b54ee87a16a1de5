/** Which freeze holds whom (T-200 to T-204). */
import type { FreezeWindow, SlotScope } from './slots';

/** The window of the freeze that is in force at an instant for this scope, the one that lasts longest; null: none. */
export function freezeAt(
  windows: readonly FreezeWindow[],
  scope: Pick<SlotScope, 'env' | 'modules'>,
  at: number,
): FreezeWindow | null {
  return windows
    .filter((window) => window.fromAt <= at && at < window.toAt && concerns(window, scope))
    .reduce<FreezeWindow | null>((last, window) => (last && last.toAt >= window.toAt ? last : window), null);
}

/** Whether a freeze holds for this scope: one of modules only hits a fix that touches one of them (T-203, T-204). */
export function concerns(window: FreezeWindow, scope: Pick<SlotScope, 'env' | 'modules'>): boolean {
  const { environments, modules } = window;
  if (environments && !environments.includes(scope.env)) return false;
  return !modules || modules.some((module) => scope.modules.includes(module));
}

/** What Temporal's own UI shows of a run: search attributes and current details (4-interfaces §8). */
import { defineSearchAttributeKey, type SearchAttributeUpdatePair } from '@temporalio/common';
import { upsertSearchAttributes } from '@temporalio/workflow';
import type { SearchAttribute } from '../domain/ids';

/** Sets several in one upsert, which is one event; nothing when nothing changed since `initial`. */
export function createVisibility(
  initial: Partial<Record<SearchAttribute, string>> = {},
): (values: Partial<Record<SearchAttribute, string>>) => void {
  const shown = new Map(Object.entries(initial) as [SearchAttribute, string][]);
  return (values) => {
    const changed = (Object.entries(values) as [SearchAttribute, string][]).filter(
      ([name, value]) => shown.get(name) !== value,
    );
    if (changed.length === 0) return;
    for (const [name, value] of changed) shown.set(name, value);
    const pairs = changed.map(([name, value]): SearchAttributeUpdatePair => ({
      key: defineSearchAttributeKey(name, 'KEYWORD'),
      value,
    }));
    upsertSearchAttributes(pairs);
  };
}

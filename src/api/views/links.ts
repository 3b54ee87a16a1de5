/** Where else a thing can be looked at; null where there is no such place. */
import type { ApiLinks } from '../operation';

export interface Links {
  readonly board: string | null;
  readonly temporal: string | null;
}

/** Links of a workflow and of its board page. */
export function linksOf({ temporalUi, board }: ApiLinks, workflowId: string, page: string): Links {
  return {
    board: board === null ? null : `${board}${page}`,
    temporal: temporalUi === null ? null : `${temporalUi}/workflows/${encodeURIComponent(workflowId)}`,
  };
}

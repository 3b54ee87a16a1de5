/** The feed: everything that the ledger takes in, to those who may see it, as it comes. */
import { eventWords } from '../../domain/event-words';
import type { ChainedEvent } from '../../ports/ledger';
import { serviceFor, visibleServices } from '../auth';
import { operation, type Operation } from '../operation';
import { iso } from '../schemas/common';
import { eventsQuery, type FeedEvent } from '../schemas/event';
import { frame, resumeAt, sendStream } from '../stream';

/** Events read from the ledger at a time, visible ones and others. */
const BATCH = 500;

const events = operation({
  id: 'events',
  method: 'get',
  path: '/v1/events',
  tag: 'Events',
  summary: 'What happens, as server-sent events; a reader that comes back with Last-Event-ID misses nothing',
  access: 'people',
  query: eventsQuery,
  answers: {
    200: { description: 'Events `change`, whose id is the number in the ledger', text: ['text/event-stream'] },
  },
  problems: [403, 404, 422],
  example: { query: { after: '0', follow: '0' } },
  handle: async (call) => {
    const { deps, caller, query } = call;
    const services =
      query.service === undefined
        ? visibleServices(deps.services, caller)
        : [serviceFor(deps.services, caller, query.service)];
    const shown = new Set(services.map(({ policy }) => policy.service));
    let seq = resumeAt(call) ?? query.after ?? (await deps.ledger.head()).seq;
    await sendStream(call, deps.limits.feedMs, async () => {
      const links = await deps.ledger.eventsAfter(seq, BATCH);
      seq = links.at(-1)?.seq ?? seq;
      const visible = links.filter(({ event }) => shown.has(event.service));
      const text = visible.map((link) => frame('change', link.seq, feedEvent(link))).join('');
      const more = links.length === BATCH;
      return { text, position: seq, more, last: !more && query.follow === '0' };
    });
    return { kind: 'written' };
  },
});

function feedEvent({ seq, event }: ChainedEvent): FeedEvent {
  const { at, service, subject, kind, actor, surface, reason } = event;
  return { seq, at: iso(at), service, subject, kind, words: eventWords(event), actor, surface, reason };
}

export const eventOperations: readonly Operation[] = [events];

/** A process of ours in which a mistake is made that nobody catches. */
import { createLogger } from '../../src/api/logger';
import { endOnMistakes } from '../../src/wiring/last-words';

endOnMistakes(createLogger('info'));
setInterval(() => undefined, 1_000);
void Promise.reject(new Error('cannot reach postgres://tidegate:hunter2secret@db/ledger'));

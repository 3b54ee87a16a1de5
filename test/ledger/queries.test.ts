import fc from 'fast-check';
import { SEVERITIES } from '../../src/domain/bug';
import { MAX_LOG_LINES } from '../../src/ledger/evidence';
import { openLedger } from '../../src/ledger/open-ledger';
import type { BugFilter, DeploymentFilter, Ledger } from '../../src/ports/ledger';
import { AT, configured, deploymentStarted, onBothDatabases, rejected, reported, analysisStarted } from './support';

const EVERYTHING: BugFilter = { service: null, status: null, severity: null, q: null, limit: 100, cursor: null };

onBothDatabases((home) => {
  let location: string;
  let ledger: Ledger;
  beforeEach(async () => {
    location = await home.newLocation();
    ledger = await openLedger(location);
  });
  afterEach(() => ledger.close());

  async function idsOf(filter: Partial<BugFilter>): Promise<readonly string[]> {
    return (await ledger.bugs({ ...EVERYTHING, ...filter })).items.map((bug) => bug.id);
  }

  describe('the list of bugs', () => {
    test('paging with any page size shows every bug once, newest first, also when bugs arrive in between', async () => {
      const spec = fc.array(fc.constantFrom(...SEVERITIES), { minLength: 1, maxLength: 12 });
      let written = 0;
      await fc.assert(
        fc.asyncProperty(spec, fc.integer({ min: 1, max: 7 }), async (severities, limit) => {
          const events = severities.map((severity) => reported({ bug: String((written += 1)), severity }));
          await ledger.append(events);
          const expected = Array.from({ length: written }, (_, index) => String(written - index));
          const seen: string[] = [];
          let cursor: string | null = null;
          do {
            const page: Awaited<ReturnType<Ledger['bugs']>> = await ledger.bugs({ ...EVERYTHING, limit, cursor });
            seen.push(...page.items.map((bug) => bug.id));
            cursor = page.next;
            if (seen.length === limit) await ledger.append([reported({ bug: String((written += 1)) })]);
          } while (cursor !== null);
          expect(seen).toEqual(expected);
        }),
        { numRuns: 15 },
      );
    });

    test('filters and words find what they name and nothing else; % and _ are letters like others', async () => {
      await ledger.append([
        reported({ bug: '1', title: 'Cart loses ITEMS', description: 'after login', severity: 'high' }),
        reported({ bug: '2', title: '100% discount', description: 'in snake_case' }),
        reported({ bug: '3', title: '100 discounts', description: 'in snakeXcase!' }),
        rejected('3', 2),
        reported({ service: 'bank', bug: '1', title: 'Ünïcode İtem' }),
      ]);
      await expect(idsOf({ q: 'items  LOGIN' })).resolves.toEqual(['1']);
      await expect(idsOf({ q: '100%' })).resolves.toEqual(['2']);
      await expect(idsOf({ q: 'snake_case' })).resolves.toEqual(['2']);
      await expect(idsOf({ q: 'case!' })).resolves.toEqual(['3']);
      await expect(idsOf({ q: 'ÜNÏCODE' })).resolves.toEqual(['1']);
      await expect(idsOf({ service: 'shop', status: ['submitted'] })).resolves.toEqual(['2', '1']);
      await expect(idsOf({ status: ['rejected'] })).resolves.toEqual(['3']);
      await expect(idsOf({ status: [] })).resolves.toEqual([]);
      await expect(idsOf({ severity: 'high' })).resolves.toEqual(['1']);
      await expect(ledger.bugServices('1')).resolves.toEqual(['bank', 'shop']);
    });

    test('a cursor that we never gave out is refused with a sentence, not an empty page', async () => {
      await expect(ledger.bugs({ ...EVERYTHING, cursor: 'MSBvciAxPTE' })).rejects.toMatchObject({ kind: 'BadRef' });
    });
  });

  test('the timeline keeps the newest events of its subject, oldest first; environments and deployments are found', async () => {
    await ledger.append([reported({ bug: '1' }), analysisStarted('1', 2), configured('uat'), configured('prod')]);
    await ledger.append([
      deploymentStarted('shop-uat-1', 'uat'),
      deploymentStarted('shop-prod-1', 'prod'),
      rejected('1', 3),
    ]);
    const deploymentsOf = async (services: readonly string[], env: string | null = null) => {
      const ids: string[] = [];
      let cursor: string | null = null;
      do {
        const filter: DeploymentFilter = { services, env, limit: 1, cursor };
        const page = await ledger.deployments(filter);
        ids.push(...page.items.map(({ id }) => id));
        cursor = page.next;
      } while (cursor !== null);
      return ids;
    };
    const kinds = (await ledger.timeline('shop', 'bug/1', 2)).map((link) => link.event.kind);
    expect(kinds).toEqual(['bug.analysis-started', 'bug.rejected']);
    expect((await ledger.eventsAfter(5, 10)).map((link) => link.seq)).toEqual([6, 7]);
    expect((await ledger.environments()).map((environment) => environment.env)).toEqual(['uat', 'prod']);
    expect(await ledger.environment('shop', 'prod')).toMatchObject({ revision: 'r1' });
    expect(await deploymentsOf(['shop'])).toEqual(['shop-prod-1', 'shop-uat-1']);
    expect(await deploymentsOf(['bank', 'shop'], 'uat')).toEqual(['shop-uat-1']);
    expect(await deploymentsOf([])).toEqual([]);
    expect(await ledger.deployment('shop-uat-1')).toMatchObject({ env: 'uat', startedAt: AT });
  });

  describe('the step ledger: nothing acts twice', () => {
    const intent = (fence: number, attempt = 1) => {
      return { deployment: 'shop-prod-1', step: 'execute', fence, attempt, host: 'h1', at: AT };
    };

    test('a step belongs to the highest fence, may be tried again by it, and is over once done', async () => {
      expect(await ledger.intend(intent(2))).toBe(true);
      expect(await ledger.intend(intent(1))).toBe(false);
      expect(await ledger.intend(intent(2, 2))).toBe(true);
      expect(await ledger.intend(intent(3))).toBe(true);
      expect(await ledger.step('shop-prod-1', 'execute')).toEqual({
        ...intent(3),
        state: 'intent',
        proof: null,
        result: null,
      });
      await ledger.settle('shop-prod-1', 'execute', 'done', 'serves 1.4.3', '{}', AT + 1);
      expect(await ledger.intend(intent(9))).toBe(false);
      await ledger.settle('shop-prod-1', 'execute', 'failed', 'a late worker', null, AT + 2);
      expect(await ledger.step('shop-prod-1', 'execute')).toMatchObject({
        state: 'done',
        fence: 3,
        proof: 'serves 1.4.3',
      });
    });

    test('a worker that wakes up after a step was refused or failed can neither begin it again nor end it otherwise', async () => {
      await ledger.settle('shop-prod-1', 'execute', 'failed', 'aborted by ann', '{}', AT);
      expect(await ledger.intend(intent(2))).toBe(false);
      await ledger.settle('shop-prod-1', 'execute', 'done', 'a late worker', '{}', AT + 1);
      expect(await ledger.step('shop-prod-1', 'execute')).toMatchObject({ state: 'failed', proof: 'aborted by ann' });
    });

    test('what was observed before anybody acted is done without an intent', async () => {
      await ledger.settle('shop-prod-1', 'execute', 'done', 'already there', null, AT);
      expect(await ledger.step('shop-prod-1', 'execute')).toMatchObject({ state: 'done', fence: 0, host: '' });
      expect(await ledger.step('shop-prod-1', 'smoke')).toBeNull();
    });
  });

  describe('idempotency keys: a repeated POST is one bug', () => {
    const claim = (key: string, digest: string, at = AT) => ledger.claimKey('dev', 'POST /v1/bugs', key, digest, at);
    const claimed = (key: string) => ({ caller: 'dev', route: 'POST /v1/bugs', key });

    test('the same key gives the same number and the same answer; another body is told so; after 24 h it is new', async () => {
      expect(await claim('k', 'd1')).toEqual({ state: 'new' });
      expect(await claim('k', 'd1')).toEqual({ state: 'pending', bug: null });
      expect(await ledger.allocateBug('shop', claimed('k'))).toBe('1');
      expect(await ledger.allocateBug('shop', claimed('k'))).toBe('1');
      expect(await claim('k', 'd1')).toEqual({ state: 'pending', bug: '1' });
      expect(await claim('k', 'd2')).toEqual({ state: 'reused' });
      await ledger.answerKey('dev', 'POST /v1/bugs', 'k', 201, '{"id":"1"}');
      await ledger.answerKey('dev', 'POST /v1/bugs', 'k', 500, 'a late answer');
      const day = 24 * 60 * 60 * 1000;
      expect(await claim('k', 'd1', AT + day - 1)).toEqual({ state: 'done', status: 201, body: '{"id":"1"}' });
      expect(await ledger.claimKey('bo', 'POST /v1/bugs', 'k', 'd2', AT)).toEqual({ state: 'new' });
      expect(await claim('k', 'd2', AT + day)).toEqual({ state: 'new' });
    });

    test('no number for a key that could not be kept: the repeat would be a second bug', async () => {
      await expect(ledger.allocateBug('shop', claimed('k'))).rejects.toMatchObject({ kind: 'Unavailable' });
    });

    test('numbers are unique and without gaps per service, however many ask at once', async () => {
      const asked = Array.from({ length: 40 }, (_, index) => ledger.allocateBug(index % 2 ? 'bank' : 'shop', null));
      const numbers = await Promise.all(asked);
      const upTo20 = Array.from({ length: 20 }, (_, index) => index + 1);
      for (const start of [0, 1]) {
        const ofService = numbers.filter((_, index) => index % 2 === start).map(Number);
        expect(ofService.sort((a, b) => a - b)).toEqual(upTo20);
      }
    });
  });

  describe('samples and log: evidence that a resumed worker writes twice counts once', () => {
    const reading = {
      at: AT,
      counters: null,
      histogram: null,
      gauges: { cpu: 0.5, memory: null, queueDepth: null },
      healthy: true,
    };

    test('repeats change neither rows nor digests; another row changes the digest', async () => {
      const lines = [0, 10, 20].map((offset) => ({ offset, at: AT, text: `line at ${offset}` }));
      await ledger.addLog('shop-prod-1', lines);
      await ledger.addSample('deploy/shop-prod-1', AT, reading, null);
      const before = await ledger.digests('shop-prod-1');
      await ledger.addLog('shop-prod-1', lines.slice(1));
      await ledger.addSample('deploy/shop-prod-1', AT, { ...reading, healthy: false }, null);
      expect(await ledger.digests('shop-prod-1')).toEqual(before);
      expect(await ledger.log('shop-prod-1', 0, 10)).toEqual(lines.slice(1));
      expect(await ledger.samples('deploy/shop-prod-1', AT)).toEqual([{ at: AT, reading, sample: null }]);
      expect(await ledger.samples('deploy/shop-prod-1', AT + 1)).toEqual([]);

      await ledger.addLog('shop-prod-1', [{ offset: 30, at: AT, text: 'token=hunter2 ok' }]);
      await ledger.addSample('deploy/shop-prod-1', AT + 1, reading, null);
      const after = await ledger.digests('shop-prod-1');
      expect(after.log).not.toBe(before.log);
      expect(after.samples).not.toBe(before.samples);
      expect((await ledger.log('shop-prod-1', 20, 10))[0]?.text).toBe('token=***REDACTED*** ok');
    });

    test('a script that floods its log leaves a bounded log with a note where it was cut', async () => {
      const lines = Array.from({ length: MAX_LOG_LINES + 700 }, (_, offset) => ({ offset, at: AT, text: 'x' }));
      for (const part of [lines.slice(0, 19_900), lines.slice(19_900), lines.slice(19_000)]) {
        await ledger.addLog('shop-prod-1', part);
      }
      const tail = await ledger.log('shop-prod-1', MAX_LOG_LINES - 2, 100);
      expect(tail.map((line) => line.offset)).toEqual([MAX_LOG_LINES - 1, MAX_LOG_LINES]);
      expect(tail[1]?.text).toMatch(/keeps 20000 lines/);
    });
  });
});

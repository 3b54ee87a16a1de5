import type { LedgerEvent } from '../../src/domain/events';
import { tokenSubject } from '../../src/domain/ids';
import type { TokenEvent } from '../../src/domain/token';
import { openLedger } from '../../src/ledger/open-ledger';
import { onBothDatabases } from './support';

const event = (id: string, at: number, actor: string, what: TokenEvent): LedgerEvent => ({
  ...what,
  ...{ id: `${what.kind}/${id}#${actor}`, service: 'shop', subject: tokenSubject(id), at, actor },
  ...{ surface: 'cli', reason: null },
});
const made = (id: string, sha256: string, at = 1): LedgerEvent => {
  const data = { id, service: 'shop', person: 'dev', scope: 'read' as const, sha256, expiresAt: 1_000 };
  return event(id, at, 'ann', { kind: 'token.made', data });
};
const revoked = (id: string, actor: string, at: number): LedgerEvent =>
  event(id, at, actor, { kind: 'token.revoked', data: {} });

onBothDatabases((home) => {
  test('a token is found by its hash until it is taken back, and stays on record after that', async () => {
    const ledger = await openLedger(await home.newLocation());
    await ledger.append([made('a', 'aa'), made('b', 'bb', 2)]);
    expect(await ledger.token('sha256', 'aa')).toMatchObject({ id: 'a', madeBy: 'ann', madeAt: 1, revoked: null });
    expect(await ledger.token('sha256', 'cc')).toBeNull();
    await ledger.append([revoked('a', 'bo', 5), revoked('a', 'ann', 6)]);
    expect(await ledger.token('id', 'a')).toMatchObject({ revoked: { by: 'bo', at: 5 } });
    expect((await ledger.tokens('shop')).map(({ id }) => id)).toEqual(['b', 'a']);
    expect(await ledger.tokens('depot')).toEqual([]);
    await ledger.close();
  });

  test('giving a hash again revives no token, and a ledger made anew from its events forgets no revocation', async () => {
    const ledger = await openLedger(await home.newLocation());
    await ledger.append([made('a', 'aa'), revoked('a', 'bo', 5), made('again', 'aa', 6)]);
    const before = await ledger.token('sha256', 'aa');
    expect(before).toMatchObject({ id: 'a', revoked: { by: 'bo' } });
    await ledger.rebuild();
    expect(await ledger.token('sha256', 'aa')).toEqual(before);
    expect(await ledger.verify()).toBeNull();
    await ledger.close();
  });
});

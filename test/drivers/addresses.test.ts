import type { LookupFunction } from 'node:net';
import { guardedLookup, isNeverAsked } from '../../src/drivers/http/addresses';
import { fetchFailureCause, fetchLimited } from '../../src/drivers/http/fetch-limited';

const LIMITS = { timeoutMs: 2_000, maxBytes: 1_000 };

describe('a URL never reaches the addresses where clouds keep credentials (abuse 27)', () => {
  test.each([
    'http://169.254.169.254/latest/meta-data/',
    'http://2852039166/',
    'http://0xa9fea9fe/',
    'http://[::ffff:169.254.169.254]/',
    'http://[fe80::1]/',
    'http://[fd00:ec2::254]/',
  ])('%s, even where config allows the host', async (url) => {
    const allowedHosts = [new URL(url).host];
    const error: unknown = await fetchLimited(url, { ...LIMITS, allowedHosts }).catch((thrown: unknown) => thrown);
    expect(fetchFailureCause(error)).toBe('not-allowed');
    expect(String(error)).toContain('link-local');
  });

  test('loopback and private networks stay allowed: that is where environments are', () => {
    for (const address of ['127.0.0.1', '::1', '10.1.2.3', '192.168.1.1', 'shop_1.example', 'fd12::1']) {
      expect(isNeverAsked(address)).toBe(false);
    }
  });

  test('a name that leads there is refused with what it leads to; what was checked is what is connected to', async () => {
    const answering =
      (...found: readonly string[]): LookupFunction =>
      (_name, _options, done) =>
        done(
          null,
          found.map((address) => ({ address, family: 4 })),
        );
    const ask = (resolve: LookupFunction) =>
      new Promise((done) =>
        guardedLookup(resolve)('rebind.example', { all: true }, (error, found) => done(error ?? found)),
      );
    expect(await ask(answering('10.0.0.1'))).toEqual([{ address: '10.0.0.1', family: 4 }]);
    expect(await ask(answering('10.0.0.1', '169.254.169.254'))).toMatchObject({
      code: 'EADDRNOTALLOWED',
      message: 'rebind.example leads to 169.254.169.254',
    });
  });
});

import fc from 'fast-check';
import { REDACTED, redact, redactAll } from '../../src/domain/redact';

const CANARY = 'cAnaRy0123456789cAnaRy0123456789abc';
const HIDES: readonly ((secret: string) => string)[] = [
  (secret) => `Authorization: Bearer ${secret}`,
  (secret) => `authorization: basic ${secret}`,
  (secret) => `https://bo:${secret}@git.example.com/shop.git`,
  (secret) => `postgres://${secret}@db/ledger`,
  (secret) => `password=${secret}`,
  (secret) => `DB_PASSWORD: ${secret}`,
  (secret) => `{"apiKey": "${secret}"}`,
  (secret) => `export API_TOKEN='${secret}'`,
  (secret) => `curl --token ${secret} https://example.com`,
  (secret) => `password="${secret} and no closing quote`,
  (secret) => `token=a(b,c;d&${secret}`,
  (secret) => `tg_${secret}`,
  (secret) => `ghp_${secret}`,
  (secret) => `sk-${secret}`,
  (secret) => `-----BEGIN RSA PRIVATE KEY-----\n${secret}\n-----END RSA PRIVATE KEY-----`,
  (secret) => `123456789:${secret}`,
];

test('a secret in any known shape, in any surroundings, never comes through; twice is once', () => {
  fc.assert(
    fc.property(fc.constantFrom(...HIDES), fc.string(), fc.string(), (hide, before, after) => {
      const shown = redact(`${before} ${hide(CANARY)} ${after}`);
      expect(shown).not.toContain(CANARY);
      expect(shown).toContain(REDACTED);
      expect(redact(shown)).toBe(shown);
    }),
  );
});

test('what a reader needs stays: hosts, versions, SHAs, plain talk', () => {
  for (const text of [
    'deployed 1.4.3 at 0123456789abcdef0123456789abcdef01234567',
    'fetch https://git.example.com/shop.git?ref=main failed with 503',
    'the token of the watcher expired',
    'sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    'mail bo@example.com about 12:30:45',
  ]) {
    expect(redact(text)).toBe(text);
  }
  expect(redact('https://bo:x@git.example.com/a')).toBe(`https://${REDACTED}@git.example.com/a`);
});

test('in data, a text under a key that names a secret goes whole, and everything else keeps its shape', () => {
  const data = { url: 'https://u:p@h/', nested: [{ dbPassword: 'a b c', empty: null, count: 3, token: '' }] };
  expect(redactAll(data)).toEqual({
    url: `https://${REDACTED}@h/`,
    nested: [{ dbPassword: REDACTED, empty: null, count: 3, token: '' }],
  });
});

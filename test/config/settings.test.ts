import { loadSettings } from '../../src/config/settings';
import { problemLines } from './support';

test('settings have defaults that listen on loopback only', () => {
  const settings = loadSettings({}, {});
  expect(settings).toMatchObject({
    listen: { host: '127.0.0.1', port: 7400 },
    url: 'http://127.0.0.1:7400',
    token: null,
    configPath: null,
    stateDir: '.tidegate',
    temporal: { address: null, namespace: 'tidegate', cli: null, testServer: null },
    deployment: null,
    buildId: null,
    logLevel: 'info',
  });
  expect(settings.ledger.reveal()).toBe('.tidegate/ledger.db');
});

test('a flag wins over a variable, a variable over the default, and an empty variable is none', () => {
  const variables = {
    TIDEGATE_PORT: '8001',
    TIDEGATE_LOG_LEVEL: 'warn',
    TIDEGATE_STATE: '',
    TEMPORAL_NAMESPACE: 'shop',
  };
  const settings = loadSettings({ port: '8002' }, variables);
  expect(settings).toMatchObject({
    listen: { port: 8002 },
    url: 'http://127.0.0.1:8002',
    logLevel: 'warn',
    stateDir: '.tidegate',
    temporal: { namespace: 'shop' },
  });
});

test('every wrong setting is named at once, and an address with a password is not repeated', () => {
  const variables = { TIDEGATE_URL: 'http://me:hunter2@host', TIDEGATE_LOG_LEVEL: 'wran', TEMPORAL_NAMESPACE: 'a b' };
  expect(problemLines(() => loadSettings({ port: 'x' }, variables))).toEqual([
    '--port: found "x", allowed: a port from 0 to 65535',
    'TIDEGATE_URL: found a value that is not shown here, allowed: an address without user or password in it (secrets only as ${env:NAME} or file:path)',
    'TEMPORAL_NAMESPACE: found "a b", allowed: a name of letters, digits, dots and dashes',
    'TIDEGATE_LOG_LEVEL: found "wran", allowed: trace, debug, info, warn, error, fatal, silent; did you mean "warn"?',
  ]);
});

test('tokens and ledger passwords of the settings never show when they are logged', () => {
  const settings = loadSettings({}, { TIDEGATE_TOKEN: 'tg_canary', TIDEGATE_LEDGER: 'postgres://u:canary@db/x' });
  expect(JSON.stringify(settings)).not.toContain('canary');
  expect(settings.token?.reveal()).toBe('tg_canary');
});

import { createServer as createSecureServer, type Server } from 'node:tls';
import { createSecureServer as createHttp2Server, type Http2SecureServer, type ServerHttp2Session } from 'node:http2';
import { connect as dial, createServer, type AddressInfo, type Socket } from 'node:net';
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { NativeConnection } from '@temporalio/worker';
import { profilePlace } from '../../src/temporal/obtain';
import { tlsTrouble } from '../../src/temporal/handshake';
import { reach } from '../../src/wiring/reach';
import { devServer } from '../support/environments';
import { temporaryFolder } from '../support/temporary-folder';
import { authority, signed, type Certificate } from './certificates';

const temporal = devServer();
let folder: string;
let certificates: Record<'ca' | 'other' | 'server' | 'old' | 'client' | 'stranger', Certificate>;
const doors: (Server | Http2SecureServer)[] = [];
const sockets = new Set<Socket>();
const sessions = new Set<ServerHttp2Session>();

const listening = async (server: Server | Http2SecureServer): Promise<string> => {
  doors.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
};

/** TLS with client certificates in front of the server, as a production one has it. */
function guarded(own: Certificate): Promise<string> {
  const { ca } = certificates;
  const options = { cert: own.crt, key: own.key, ca: ca.crt, requestCert: true, ALPNProtocols: ['h2'] };
  const server = createSecureServer(options, (inside) => {
    const [host = '', port = '0'] = temporal().address.split(':');
    const outside = dial(Number(port), host);
    for (const socket of [inside, outside]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
    }
    inside.pipe(outside).pipe(inside);
  });
  return listening(server.on('tlsClientError', () => undefined));
}

/** What the standard variables of Temporal say, read as the product reads them. */
function placeAt(address: string, own: Certificate | null, trusted: Certificate | null) {
  const place = profilePlace(
    {
      TEMPORAL_CONFIG_FILE: `${folder}/none.toml`,
      TEMPORAL_ADDRESS: address,
      TEMPORAL_NAMESPACE: 'default',
      ...(trusted && { TEMPORAL_TLS: 'true', TEMPORAL_TLS_SERVER_CA_CERT_PATH: trusted.crtPath }),
      ...(own && { TEMPORAL_TLS_CLIENT_CERT_PATH: own.crtPath, TEMPORAL_TLS_CLIENT_KEY_PATH: own.keyPath }),
    },
    'tidegate',
  );
  if (place === null) throw new Error('the variables name a server');
  return place;
}

beforeAll(async () => {
  folder = await temporaryFolder();
  const [ca, other] = [authority(folder, 'ca'), authority(folder, 'other')];
  certificates = {
    ...{ ca, other, server: signed(folder, 'server', 'ca'), client: signed(folder, 'client', 'ca') },
    ...{ old: signed(folder, 'old', 'ca', 0), stranger: signed(folder, 'stranger', 'other') },
  };
});

afterAll(async () => {
  for (const each of [...sockets, ...sessions]) each.destroy();
  await Promise.all(doors.map((door) => new Promise((done) => door.close(done))));
  await rm(folder, { recursive: true, force: true });
});

it('reaches a server with TLS and client certificates by the standard variables alone, client and worker alike', async () => {
  const { ca, server, client } = certificates;
  const place = placeAt(await guarded(server), client, ca);
  const { client: temporalClient, connection } = await reach(place);
  await expect(temporalClient.workflow.count()).resolves.toMatchObject({ count: 0 });
  await connection.close();
  const { address, options } = place;
  const native = await NativeConnection.connect({ address, ...(options.tls && { tls: options.tls }) });
  await native.close();
  await expect(tlsTrouble(place)).resolves.toBeNull();
});

it('says in one sentence what is wrong with TLS and what to set, where gRPC says only that time ran out', async () => {
  const { ca, other, server, old, client, stranger } = certificates;
  const open = await guarded(server);
  const plain = temporal().address;
  await sleep(1_500); // `old` was valid for a moment
  const cases: readonly (readonly [string, Certificate | null, Certificate | null, RegExp])[] = [
    [open, null, ca, /wants a client certificate: set TEMPORAL_TLS_CLIENT_CERT_PATH/],
    [open, stranger, ca, /does not accept our client certificate/],
    [open, client, other, /not of a CA that we trust: set TEMPORAL_TLS_SERVER_CA_CERT_PATH/],
    [open, old, ca, /Our client certificate expired on .*: renew it/],
    [await guarded(old), client, ca, /has expired: it must be renewed there/],
    [open, null, null, /speaks TLS: set TEMPORAL_TLS=true/],
    [plain, client, ca, /does not speak TLS: unset TEMPORAL_TLS/],
  ];
  for (const [address, own, trusted, sentence] of cases) {
    expect(await tlsTrouble(placeAt(address, own, trusted))).toMatch(sentence);
  }
  // A client certificate without its key, or with a key alone, is half a thing.
  const half = { TEMPORAL_ADDRESS: open, TEMPORAL_TLS_CLIENT_CERT_PATH: client.crtPath };
  expect(() => profilePlace(half, 'tidegate')).toThrow('go together');
});

it('refuses to start without the certificate and names the way out: nobody searches the network for it', async () => {
  const place = placeAt(await guarded(certificates.server), null, certificates.ca);
  await expect(reach(place)).rejects.toThrow('wants a client certificate');
});

it('sends the API key over TLS, also where only the key was set, and says when the key is refused', async () => {
  const { ca, server: own } = certificates;
  const keys: unknown[] = [];
  const server = createHttp2Server({ cert: own.crt, key: own.key }).on('stream', (stream, headers) => {
    keys.push(headers.authorization);
    stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '16' }, { endStream: true });
  });
  server.on('session', (session) => void sessions.add(session));
  const place = placeAt(await listening(server), null, ca);
  const keyed = profilePlace(
    { TEMPORAL_CONFIG_FILE: `${folder}/none.toml`, TEMPORAL_API_KEY: 'key-of-ours' },
    'tidegate',
  );
  expect(keyed).toMatchObject({ address: '127.0.0.1:7233', options: { apiKey: 'key-of-ours', tls: true } });
  const options = { ...place.options, apiKey: keyed?.options.apiKey ?? '' };
  await expect(reach({ ...place, options })).rejects.toThrow('does not let us in: check TEMPORAL_API_KEY');
  expect(keys[0]).toBe('Bearer key-of-ours');
});

it('takes a dead port for what it is: no word of TLS where nobody listens', async () => {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  await new Promise((done) => server.close(done));
  await expect(tlsTrouble(placeAt(address, null, null))).resolves.toBeNull();
  await expect(tlsTrouble(placeAt(address, certificates.client, certificates.ca))).resolves.toBeNull();
});

/** Why TLS to a Temporal server fails. gRPC itself says only "no connection before the deadline". */
import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import type { TemporalPlace } from './probe';

const PATIENCE_MS = 5_000;
/** What every HTTP/2 client says first; a server that lets us in answers it. */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', 'latin1');

/** One sentence with the way out, or null when TLS is not what is wrong. */
export async function tlsTrouble({ address, options: { tls } }: TemporalPlace): Promise<string | null> {
  const at = /^(.+):(\d+)$/.exec(address);
  if (at === null) return null;
  const host = (at[1] ?? '').replace(/^\[|\]$/g, '');
  const port = Number(at[2]);
  if (tls === undefined || tls === null || tls === false) {
    const seen = await shakeHands({ host, port, rejectUnauthorized: false });
    return seen === 'answered' || seen.startsWith('ERR_SSL_TLS')
      ? `The server at ${address} speaks TLS: set TEMPORAL_TLS=true, and TEMPORAL_TLS_SERVER_CA_CERT_PATH when its CA is your own.`
      : null;
  }
  const { serverNameOverride, serverRootCACertificate, clientCertPair } = tls === true ? {} : tls;
  const own = clientCertPair ? new X509Certificate(clientCertPair.crt) : null;
  if (own && Date.parse(own.validTo) < Date.now()) {
    return `Our client certificate expired on ${own.validTo}: renew it (TEMPORAL_TLS_CLIENT_CERT_PATH).`;
  }
  const servername = serverNameOverride ?? (isIP(host) === 0 ? host : undefined);
  const seen = await shakeHands({
    host,
    port,
    ...(servername !== undefined && { servername }),
    ...(serverRootCACertificate && { ca: Buffer.from(serverRootCACertificate) }),
    ...(clientCertPair && { cert: Buffer.from(clientCertPair.crt), key: Buffer.from(clientCertPair.key) }),
  });
  return inWords(seen, address, own !== null);
}

/** `answered`, or the code of what went wrong. */
function shakeHands(options: ConnectionOptions): Promise<string> {
  return new Promise((resolve) => {
    let agreed = false;
    const socket: TLSSocket = connect({ ...options, ALPNProtocols: ['h2'] }, () => {
      agreed = true;
      socket.write(PREFACE);
    });
    const done = (seen: string): void => {
      socket.destroy();
      resolve(seen);
    };
    socket.setTimeout(PATIENCE_MS, () => done('silent'));
    socket.once('data', () => done('answered'));
    // Since TLS 1.3 a server looks at our certificate after its own handshake is over.
    socket.once('close', () => done(agreed ? 'closed' : 'silent'));
    socket.once('error', ({ code = 'silent' }: NodeJS.ErrnoException) =>
      done(agreed && code === 'ECONNRESET' ? 'closed' : code),
    );
  });
}

function inWords(seen: string, address: string, withCertificate: boolean): string | null {
  const its = `The certificate of the server at ${address}`;
  switch (seen) {
    case 'CERT_HAS_EXPIRED':
      return `${its} has expired: it must be renewed there.`;
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'CERT_SIGNATURE_FAILURE':
      return `${its} is not of a CA that we trust: set TEMPORAL_TLS_SERVER_CA_CERT_PATH to the CA that signed it.`;
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `${its} is for another name: set TEMPORAL_TLS_SERVER_NAME to the name that it is for.`;
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return `The server at ${address} does not speak TLS: unset TEMPORAL_TLS and what belongs to it, also TEMPORAL_API_KEY.`;
    case 'closed':
      return refusedUs(address, withCertificate);
    default:
      return /^ERR_SSL_.*ALERT/.test(seen) ? refusedUs(address, withCertificate) : null;
  }
}

function refusedUs(address: string, withCertificate: boolean): string {
  return withCertificate
    ? `The server at ${address} does not accept our client certificate: it must be of a CA that the server trusts (TEMPORAL_TLS_CLIENT_CERT_PATH).`
    : `The server at ${address} wants a client certificate: set TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH.`;
}

/** Certificates for one test, made by openssl: two CAs, and leaves of theirs. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Certificate {
  readonly crt: Buffer;
  readonly key: Buffer;
  readonly crtPath: string;
  readonly keyPath: string;
}

const P256 = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
const openssl = (folder: string, ...args: readonly string[]): void =>
  void execFileSync('openssl', [...args], { cwd: folder, stdio: 'pipe' });

function read(folder: string, name: string): Certificate {
  const [crtPath, keyPath] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)];
  return { crt: readFileSync(crtPath), key: readFileSync(keyPath), crtPath, keyPath };
}

export function authority(folder: string, name: string): Certificate {
  const out = ['-keyout', `${name}.key`, '-out', `${name}.pem`, '-subj', `/CN=${name}`, '-days', '2'];
  openssl(folder, 'req', '-x509', ...P256, ...out);
  return read(folder, name);
}

/** For 127.0.0.1; with 0 days it is out of date a second later. */
export function signed(folder: string, name: string, by: string, days = 2): Certificate {
  const request = ['-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`];
  openssl(folder, 'req', ...P256, ...request, '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost');
  const ca = ['-CA', `${by}.pem`, '-CAkey', `${by}.key`, '-CAcreateserial', '-copy_extensions', 'copy'];
  openssl(folder, 'x509', '-req', '-in', `${name}.csr`, ...ca, '-days', String(days), '-out', `${name}.pem`);
  return read(folder, name);
}

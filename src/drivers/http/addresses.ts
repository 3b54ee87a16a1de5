/** Where nobody is asked, whatever a URL or a name server says: link-local addresses, where clouds keep credentials (abuse 27). */
import { lookup, type LookupAddress } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

const NEVER = new BlockList();
NEVER.addSubnet('169.254.0.0', 16, 'ipv4');
NEVER.addSubnet('fe80::', 10, 'ipv6');
NEVER.addAddress('fd00:ec2::254', 'ipv6');
NEVER.addAddress('100.100.100.200', 'ipv4');

/** Whether an address, also one of IPv4 written as IPv6, is of those that are never asked; a name is not. */
export function isNeverAsked(address: string): boolean {
  const plain = address.replace(/^\[|\]$/g, '');
  const family = isIP(plain);
  return family !== 0 && NEVER.check(plain, family === 6 ? 'ipv6' : 'ipv4');
}

/** Resolves a name once, for the connection itself, so that what was checked is what is connected to. */
export const guardedLookup =
  (resolve: LookupFunction = lookup): LookupFunction =>
  (name, options, done) => {
    resolve(name, options, (error, found, family) => {
      const addresses: readonly LookupAddress[] = typeof found === 'string' ? [{ address: found, family: 4 }] : found;
      const bad = error ? undefined : addresses.find(({ address }) => isNeverAsked(address));
      if (bad === undefined) return done(error, found, family);
      done(Object.assign(new Error(`${name} leads to ${bad.address}`), { code: 'EADDRNOTALLOWED' }), found, family);
    });
  };

import { BlockList, isIP, type LookupFunction } from 'node:net';
import { lookUpName } from './look-up-name.js';

/** Nobody's webhook receiver: this host itself, link-local with the clouds' metadata, multicast, reserved. */
const neverReached = blockList([
  '0.0.0.0/8',
  '100.100.100.200/32',
  '168.63.129.16/32',
  '169.254.0.0/16',
  '192.0.0.0/24',
  '224.0.0.0/3',
  '::/128',
  '100::/64',
  '2001::/32',
  'fd00:ec2::254/128',
  'fd20:ce::254/128',
  'fe80::/10',
  'ff00::/8',
]);

/** Loopback and private ranges: reached only where the installation allows it. */
const privateRanges = blockList([
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '::1/128',
  '64:ff9b:1::/48',
  'fc00::/7',
  'fec0::/10',
]);

/** Why a webhook must not go to an address; null when it may. */
export function refusalOfAddress(zoned: string, allowPrivate: boolean): string | null {
  const [address] = zoned.split('%') as [string];
  const inside = embeddedIpv4(address);
  if (inside !== null) return refusalOfAddress(inside, allowPrivate);
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  if (isIP(address) === 0 || neverReached.check(address, family)) return `${address} is never allowed`;
  if (allowPrivate || !privateRanges.check(address, family)) return null;
  return `${address} is a private address, which LANEWAY_WEBHOOK_PRIVATE does not allow`;
}

/**
 * A lookup for `node:http` whose answer has been judged: the connection goes to these very addresses, so that a name that
 * resolves otherwise a moment later gains nothing.
 */
export function judgingLookup(allowPrivate: boolean): LookupFunction {
  return (hostname, options, callback) => {
    lookUpName(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, []);
      for (const { address } of addresses) {
        const refusal = refusalOfAddress(address, allowPrivate);
        if (refusal !== null) return callback(new Error(`${hostname} leads to ${refusal}`), []);
      }
      if (options.all === true) callback(null, addresses);
      else callback(null, addresses[0]!.address, addresses[0]!.family);
    });
  };
}

/** The IPv4 address that an IPv6 one stands for: mapped, translated (NAT64) or tunnelled (6to4). */
function embeddedIpv4(address: string): string | null {
  const groups = isIP(address) === 6 ? groupsOf(address) : null;
  if (groups === null) return null;
  const starts = (...head: number[]) => head.every((group, index) => groups[index] === group);
  if (starts(0, 0, 0, 0, 0, 0xffff) || starts(0, 0, 0, 0, 0xffff, 0) || starts(0x64, 0xff9b, 0, 0, 0, 0)) {
    return dotted(groups[6]!, groups[7]!);
  }
  if (starts(0, 0, 0, 0, 0, 0) && groups[6] !== 0) return dotted(groups[6]!, groups[7]!);
  return starts(0x2002) ? dotted(groups[1]!, groups[2]!) : null;
}

function groupsOf(address: string): number[] {
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const before = readGroups(head);
  const after = readGroups(tail ?? '');
  return [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after];
}

function readGroups(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}

function dotted(high: number, low: number): string {
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
}

function blockList(subnets: readonly string[]): BlockList {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [network, bits] = subnet.split('/') as [string, string];
    list.addSubnet(network, Number(bits), isIP(network) === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}

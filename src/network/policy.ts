import { BlockList, isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { AppError } from '../core/errors.ts';

/**
 * Which addresses URLs of users may lead to: public ones, and what is named in the list. Loopback, private, link-local (the metadata services
 * of clouds among them), shared, multicast, reserved and documentation ranges are refused.
 */
export interface AddressPolicy {
  /** Why `address` (a literal, without brackets) is refused for `host`; null: it is allowed. */
  refusal(host: string, address: string): string | null;
}

/** Ranges that do not belong to the public internet (IANA special-purpose registries), with the word for the message. */
const specialRanges: readonly (readonly [string, string])[] = [
  // A connection to "this network" ends at this machine.
  ['0.0.0.0/8', 'loopback'],
  ['10.0.0.0/8', 'private'],
  // Metadata services that are not at link-local addresses.
  ['100.100.100.200/32', 'metadata'],
  ['168.63.129.16/32', 'metadata'],
  ['fd00:ec2::254/128', 'metadata'],
  ['fd20:ce::254/128', 'metadata'],
  ['100.64.0.0/10', 'shared'],
  ['127.0.0.0/8', 'loopback'],
  ['169.254.0.0/16', 'link-local'],
  ['172.16.0.0/12', 'private'],
  ['192.0.0.0/24', 'reserved'],
  ['192.0.2.0/24', 'reserved'],
  ['192.88.99.0/24', 'reserved'],
  ['192.168.0.0/16', 'private'],
  ['198.18.0.0/15', 'reserved'],
  ['198.51.100.0/24', 'reserved'],
  ['203.0.113.0/24', 'reserved'],
  ['224.0.0.0/4', 'multicast'],
  ['240.0.0.0/4', 'reserved'],
  ['::/128', 'loopback'],
  ['::1/128', 'loopback'],
  // Old ways to write IPv4 addresses as IPv6 ones, and translators of single networks.
  ['::/96', 'reserved'],
  ['::ffff:0:0:0/96', 'reserved'],
  ['64:ff9b:1::/48', 'private'],
  ['100::/64', 'reserved'],
  ['100:0:0:1::/64', 'reserved'],
  ['2001::/23', 'reserved'],
  ['2001:db8::/32', 'reserved'],
  ['2002::/16', 'reserved'],
  ['3fff::/20', 'reserved'],
  ['5f00::/16', 'reserved'],
  ['fc00::/7', 'private'],
  ['fe80::/10', 'link-local'],
  ['fec0::/10', 'private'],
  ['ff00::/8', 'multicast'],
];

const special = specialRanges.map(([range, word]) => ({ word, list: blockListOf(range) }));

/**
 * @param allow host names (`minio.example.net`, `*.example.net` for those below it) and addresses or CIDR ranges (`10.0.0.0/8`, `::1`)
 * @throws AppError option-invalid for an entry that is neither
 */
export function createAddressPolicy(allow: readonly string[]): AddressPolicy {
  const hosts = allow.filter((entry) => !isRange(entry)).map(checkedHost);
  const ranges = allow.filter(isRange).map(blockListOf);
  return {
    refusal(host, address) {
      const name = nameOf(host);
      if (hosts.some((pattern) => fits(pattern, name))) return null;
      // A zone says which interface, not which address; no range knows it.
      const whole = address.replace(/%.*$/s, '');
      if (isIP(whole) === 0) return 'malformed';
      // ::ffff:127.0.0.1 and 64:ff9b::7f00:1 are 127.0.0.1 by another road.
      const plain = embeddedIpv4(whole) ?? whole;
      if (ranges.some((list) => contains(list, plain) || contains(list, whole))) return null;
      return special.find(({ list }) => contains(list, plain))?.word ?? null;
    },
  };
}

const isRange = (entry: string): boolean => isIP(entry.split('/')[0] ?? '') !== 0;

function blockListOf(range: string): BlockList {
  const [address = '', bits, ...rest] = range.split('/');
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  const most = family === 'ipv6' ? 128 : 32;
  const prefix = bits === undefined ? most : Number(bits);
  const isWhole = /^\d{1,3}$/.test(bits ?? '0') && rest.length === 0 && !address.includes('%');
  if (!isWhole || prefix > most) throw invalidEntry(range);
  const list = new BlockList();
  list.addSubnet(address, prefix, family);
  return list;
}

const contains = (list: BlockList, address: string): boolean =>
  list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');

/** In the one spelling of DNS: lower case, `xn--` for other scripts, without the dot of the root. */
const nameOf = (host: string): string => (domainToASCII(host) || host).toLowerCase().replace(/\.$/, '');

/** Whether `host` can stand in the list as a name. */
export function isHostName(host: string): boolean {
  const labels = nameOf(host).split('.');
  // A last label of digits makes it a mistyped address, which no name ever equals.
  if (/^(\d+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? '')) return false;
  return labels.every((label) => /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$/.test(label));
}

/** `name` or `*.name`, as {@link nameOf} spells it. */
function checkedHost(entry: string): string {
  const isPattern = entry.startsWith('*.');
  const name = nameOf(isPattern ? entry.slice(2) : entry);
  if (!isHostName(name)) throw invalidEntry(entry);
  return isPattern ? `*.${name}` : name;
}

const fits = (pattern: string, host: string): boolean =>
  pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) : host === pattern;

/** The IPv4 address that an IPv4-mapped or NAT64 address stands for. */
function embeddedIpv4(address: string): string | null {
  if (isIP(address) !== 6) return null;
  // URL spells every IPv6 address in one way, without dots.
  const spelled = URL.parse(`http://[${address}]`)?.hostname ?? '';
  const match = /^\[(?:::ffff:|64:ff9b::)([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/.exec(spelled);
  if (match !== null) return dotted(match[1] ?? '', match[2] ?? '');
  // 64:ff9b::1 for 0.0.0.1: URL shortens zeros.
  const short = /^\[64:ff9b::([0-9a-f]{0,4})\]$/.exec(spelled);
  return short === null ? null : dotted('0', short[1] ?? '');
}

function dotted(highText: string, lowText: string): string {
  const [high, low] = [Number.parseInt(highText, 16) || 0, Number.parseInt(lowText, 16) || 0];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

const invalidEntry = (entry: string): AppError =>
  new AppError('option-invalid', {
    field: 'url-allow',
    message: `url-allow holds ${JSON.stringify(entry)}, which is neither a host name nor an address or CIDR range.`,
    hint: 'Write hosts and ranges with commas between them: minio.example.net,10.0.0.0/8,::1.',
  });

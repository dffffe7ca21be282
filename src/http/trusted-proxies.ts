import { BlockList, isIP } from 'node:net';
import { AppError } from '../core/errors.ts';

/** Words for ranges of addresses, besides addresses and networks. */
const ranges: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
};

/** Whether the other side of a connection is a proxy that is believed; undefined is the address of none. */
export type IsTrusted = (address: string | undefined) => boolean;

/** Reads what says which proxies are believed. Throws `option-invalid` for what is no address or network. */
export function createTrust(entries: readonly string[]): IsTrusted {
  const trusted = new BlockList();
  for (const entry of entries.flatMap((each) => ranges[each] ?? [each])) add(trusted, entry);
  return (address) => {
    const version = address === undefined ? 0 : isIP(address);
    return version !== 0 && trusted.check(address as string, version === 4 ? 'ipv4' : 'ipv6');
  };
}

function add(list: BlockList, entry: string): void {
  const [address = '', bits, ...more] = entry.split('/');
  const version = isIP(address);
  const isNetwork =
    bits !== undefined && /^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128);
  if (version === 0 || more.length > 0 || (bits !== undefined && !isNetwork)) {
    throw new AppError('option-invalid', {
      message: `trusted-proxies has ${JSON.stringify(entry)}, which is neither an address nor a network.`,
      hint: `Give addresses (192.0.2.1), networks (192.0.2.0/24) or the words ${Object.keys(ranges).join(', ')}.`,
      field: 'trusted-proxies',
    });
  }
  const family = version === 4 ? 'ipv4' : 'ipv6';
  if (bits === undefined) list.addAddress(address, family);
  else list.addSubnet(address, Number(bits), family);
}

import { isIP } from 'node:net';
import { AppError } from '../core/errors.ts';

/** Names of address ranges that the proxy check knows besides addresses and networks. */
const ranges = ['loopback', 'linklocal', 'uniquelocal'];

function isNetwork(entry: string): boolean {
  if (ranges.includes(entry)) return true;
  const [address = '', bits, ...more] = entry.split('/');
  const version = isIP(address);
  if (version === 0 || more.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}

/** The proxies whose X-Forwarded-* headers are believed. Throws `option-invalid` for what is no address or network. */
export function checkTrustedProxies(entries: readonly string[]): string[] {
  const wrong = entries.find((entry) => !isNetwork(entry));
  if (wrong === undefined) return [...entries];
  throw new AppError('option-invalid', {
    message: `trusted-proxies has ${JSON.stringify(wrong)}, which is neither an address nor a network.`,
    hint: `Give addresses (192.0.2.1), networks (192.0.2.0/24) or the words ${ranges.join(', ')}.`,
    field: 'trusted-proxies',
  });
}

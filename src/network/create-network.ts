import { type LookupAddress, type LookupAllOptions, lookup as systemLookup } from 'node:dns';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { connect, isIP, type LookupFunction, type Socket } from 'node:net';
import { getCACertificates } from 'node:tls';
import { AppError, toAppError } from '../core/errors.ts';
import { connectError } from './connect-error.ts';
import type { Network } from './network.ts';
import { createAddressPolicy, isHostName } from './policy.ts';

/** All addresses of a host name: `dns.lookup`. */
export type LookupAll = (
  host: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * The network behind its policy.
 * @param allow host names and CIDR ranges that are let through besides public addresses
 * @param lookupAll how host names are looked up, by default as the system does
 * @throws AppError option-invalid for an entry that is neither
 */
export function createNetwork({
  allow,
  lookupAll = systemLookup,
}: {
  readonly allow: readonly string[];
  readonly lookupAll?: LookupAll;
}): Network {
  const policy = createAddressPolicy(allow);

  const check = (host: string, address: string): void => {
    const word = policy.refusal(host, address);
    if (word === null) return;
    const where = host === address ? address : `${host} is ${address}, which`;
    throw new AppError('address-refused', {
      message: `${where} is a ${word} address, and the URL policy refuses those.`,
      hint: hintFor(host, address, word),
    });
  };

  const checkHost = (host: string): void => {
    const literal = unbracketed(host);
    if (isIP(literal) !== 0) check(literal, literal);
  };

  /** Only when all addresses are allowed: whoever connects may try any of them. */
  const lookup: LookupFunction = (host, options, callback) => {
    lookupAll(host, { ...options, all: true }, (error, addresses) => {
      if (error !== null) {
        callback(error, '', 0);
        return;
      }
      try {
        for (const { address } of addresses) check(host, address);
      } catch (refusal) {
        callback(refusal as NodeJS.ErrnoException, '', 0);
        return;
      }
      const [first] = addresses;
      if (options.all === true) callback(null, addresses);
      else callback(null, first?.address ?? '', first?.family ?? 0);
    });
  };

  return {
    checkHost,
    lookup,

    async connect(host, port, signal, address) {
      if (signal.aborted) throw toAppError(signal.reason);
      if (address === undefined) checkHost(host);
      else check(host, address);
      const { promise, resolve, reject } = Promise.withResolvers<Socket>();
      const socket = connect({ host: address ?? unbracketed(host), port, lookup, noDelay: true });
      const onAbort = (): void => {
        socket.destroy();
        reject(toAppError(signal.reason));
      };
      const onError = (error: Error): void => reject(connectError(error, host, port));
      signal.addEventListener('abort', onAbort, { once: true });
      socket.once('error', onError);
      socket.once('connect', () => resolve(socket));
      try {
        return await promise;
      } finally {
        signal.removeEventListener('abort', onAbort);
        socket.off('error', onError);
      }
    },

    agents({ maxSockets, ca }) {
      const shared = { keepAlive: true, maxSockets, maxFreeSockets: maxSockets, lookup, noDelay: true };
      const http = new HttpAgent(shared);
      const https = new HttpsAgent({
        ...shared,
        ...(ca === null ? {} : { ca: [...getCACertificates(), ca] }),
      });
      for (const agent of [http, https]) {
        // Node looks no literal address up, so these are checked here.
        const create = agent.createConnection.bind(agent);
        agent.createConnection = (options, callback) => {
          try {
            checkHost((options as { readonly host?: string }).host ?? '');
          } catch (refusal) {
            // As a failed connection: a request that has waited for its turn has nobody above it to catch it.
            callback?.(refusal as Error, undefined as never);
            return undefined;
          }
          const socket = create(options, callback);
          // Node leaves it without a listener between the end of an answer and its next request: a request that is aborted just then would end the process.
          socket?.on('error', () => undefined);
          return socket;
        };
      }
      return {
        http,
        https,
        destroy() {
          http.destroy();
          https.destroy();
        },
      };
    },
  };
}

/** An address of a URL's host: `[::1]` is written `::1` elsewhere. */
const unbracketed = (host: string): string => host.replace(/^\[(.*)\]$/, '$1');

/** Metadata services are at such addresses; they hand out the keys of the machine to whoever asks. */
const metadataWords: readonly string[] = ['link-local', 'metadata'];

function hintFor(host: string, address: string, word: string): string {
  if (metadataWords.includes(word)) {
    return 'The keys of this machine can be had there, and no dump files are: name the storage itself, and where the keys of the machine are to be used, a credential with the option keys=instance.';
  }
  // Spellings of addresses that only the system's look-up reads (127.1, 2130706433) are no names to url-allow.
  const entry = isHostName(host) ? host : address;
  return `Allow it with the option url-allow, for example PUMPHOUSE_URL_ALLOW=${entry}.`;
}

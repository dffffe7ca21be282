import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { fromContainerMetadata, fromInstanceMetadata } from '@smithy/credential-provider-imds';
import { createClientCache } from '../blocks/client-cache.ts';
import type { StoragePlace } from '../storage.ts';
import { s3Address } from './address.ts';
import { obsDialect, s3Dialect } from './dialect.ts';
import { createTransport } from './transport.ts';

/** Connections of one place at once; the limit layer and the memory for parts hold it to less. */
const maxSockets = 256;

/** A client of a place, with what was learned about the server. */
export interface S3Connection {
  readonly client: S3Client;
  /** The server takes `If-None-Match` on a commit, as far as is known. */
  takesConditions: boolean;
}

export const connections = createClientCache<S3Connection>(connect, ({ client }) => client.destroy());

function connect(place: StoragePlace): S3Connection {
  const dialect = place.url.protocol === 'obs:' ? obsDialect : s3Dialect;
  const address = s3Address(place, dialect);
  const isPrivate = address.endpoint === null || cannotBeRead(address.endpoint);
  const client = new S3Client({
    region: address.region,
    ...(address.endpoint === null ? {} : { endpoint: address.endpoint.href }),
    // Variables of the environment are for those who ask for its keys.
    ignoreConfiguredEndpointUrls: true,
    forcePathStyle: address.pathStyle,
    maxAttempts: 1,
    retryMode: 'standard',
    defaultsMode: 'standard',
    // Other servers mostly lack them; files have digests of their own.
    requestChecksumCalculation: address.endpoint === null ? 'WHEN_SUPPORTED' : 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    expectContinueHeader: false,
    // A wrong clock is to be named and set: what is corrected in silence today fails elsewhere tomorrow.
    disableClockSkewCorrection: true,
    requestHandler: createTransport(place.network.agents({ maxSockets, ca: null })),
    ...keysOf(place),
  });
  if (isPrivate) leaveBodiesUnsigned(client);
  return { client, takesConditions: true };
}

/** Whether what is sent there is encrypted or stays on this machine. */
function cannotBeRead({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || /^(localhost|127\..*|\[::1\])$/.test(hostname);
}

/** To hash a body costs as much as to send it, and nobody on the way could change it. */
function leaveBodiesUnsigned(client: S3Client): void {
  client.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as { readonly body?: unknown; readonly headers: Record<string, string> };
      if (request.body instanceof Uint8Array) request.headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD';
      return next(args);
    },
    { step: 'build', name: 'unsignedBody' },
  );
}

function keysOf({ credential, options }: StoragePlace): Pick<S3ClientConfig, 'credentials' | 'signer'> {
  if (credential?.id != null && credential.secret !== null) {
    return { credentials: { accessKeyId: credential.id, secretAccessKey: credential.secret.reveal() } };
  }
  switch (options.keys) {
    case 'environment':
      return {};
    case 'instance':
      return { credentials: roleOf(process.env) };
    default:
      // Anonymous: nothing is signed.
      return {
        credentials: { accessKeyId: '', secretAccessKey: '' },
        signer: { sign: async (request) => request },
      };
  }
}

/** The role of the container where there is one, else of the machine. */
const roleOf = (environment: NodeJS.ProcessEnv): NonNullable<S3ClientConfig['credentials']> =>
  environment.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI === undefined &&
  environment.AWS_CONTAINER_CREDENTIALS_FULL_URI === undefined
    ? fromInstanceMetadata({ timeout: 2000, maxRetries: 1 })
    : fromContainerMetadata({ timeout: 2000, maxRetries: 1 });

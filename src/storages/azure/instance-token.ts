import { AppError } from '../../core/errors.ts';
import type { Network } from '../../network/network.ts';
import { askMetadataService, metadataOrigin } from '../blocks/metadata-service.ts';

/** A token of the machine's managed identity, in the shape that the Azure client asks for. */
export interface InstanceToken {
  readonly token: string;
  /** Milliseconds from the epoch. */
  readonly expiresOnTimestamp: number;
}

const path =
  '/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fstorage.azure.com%2F';

/** Asks the machine for a token that storages take. The client keeps it until shortly before its end. */
export async function instanceToken(
  signal: AbortSignal,
  origin: string = metadataOrigin,
  network?: Network,
): Promise<InstanceToken> {
  const answer = await askMetadataService(new URL(path, origin), { Metadata: 'true' }, signal, network);
  const { access_token: token, expires_on: seconds } = answer;
  if (typeof token === 'string' && Number(seconds) > 0)
    return { token, expiresOnTimestamp: Number(seconds) * 1000 };
  throw new AppError('storage-denied', { message: 'The metadata service of this machine gives no token.' });
}

import { AppError } from '../../core/errors.ts';
import { checkWord } from '../blocks/credential-text.ts';
import type { StoragePlace } from '../storage.ts';
import type { Authorise } from './client.ts';

/** What the secret of an `http` credential is. */
export type CredentialKind = 'password' | 'bearer' | 'url' | 'oci';

/** The kind of a place's credential. Throws `location-invalid` for one that the place does not take. */
export function kindOf(
  { options, credential }: StoragePlace,
  taken: readonly CredentialKind[],
): CredentialKind {
  const kind = options.kind ?? 'password';
  const found = taken.find((word) => word === kind);
  if (found !== undefined) return found;
  throw new AppError('location-invalid', {
    message: `The option kind of the credential ${credential?.name ?? ''} is none of those that this location takes: ${taken.join(' or ')}.`,
    hint: 'Set the option kind of the credential, or name another credential.',
  });
}

/** Headers by password or bearer token, with the first request already: a server's question would cost a whole upload. */
export function authoriseBy(place: StoragePlace, taken: readonly CredentialKind[]): Authorise {
  const { credential } = place;
  if (credential === null) return () => ({});
  const kind = kindOf(place, taken);
  const { name, id, secret } = credential;
  if (secret === null || (kind === 'password' && id === null)) {
    throw new AppError('location-invalid', {
      message: `The credential ${name} has no ${secret === null ? 'secret' : 'user name, which a password goes with'}.`,
      hint: 'Add it again with --id, or with --option kind=bearer where the secret is a token.',
    });
  }
  if (kind === 'bearer') checkWord(credential, 'secret');
  return () => ({
    authorization:
      kind === 'bearer'
        ? `Bearer ${secret.reveal()}`
        : `Basic ${Buffer.from(`${id}:${secret.reveal()}`).toString('base64')}`,
  });
}

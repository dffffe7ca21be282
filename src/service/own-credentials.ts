import { toAppError, withField } from '../core/errors.ts';
import { ownCredentialName } from '../core/job-credential.ts';
import { sealCredential } from '../operations/environment.ts';
import type { CredentialRecord } from '../registry/registry.ts';
import { readCredentialBody, readCredentialType } from './credential-input.ts';
import { withEncryption } from './credential-types.ts';
import type { ServiceDependencies } from './dependencies.ts';
import { fieldInvalid, readEntries } from './input.ts';
import type { CallContext } from './service.ts';
import type { StartOptions } from './start-input.ts';

const field = 'own_credentials';
const hint = 'Give each credential as {type, id, secret, options}.';

/**
 * The credentials that come with a start request, sealed, in their order; the store keeps them with the job.
 * Throws `field-invalid` naming the member, and never its value.
 */
export function readOwnCredentials(
  { wallet, credentialTypes }: Pick<ServiceDependencies, 'wallet' | 'credentialTypes'>,
  { ownCredentials }: Pick<StartOptions, 'ownCredentials'>,
): readonly Pick<CredentialRecord, 'type' | 'sealedBody'>[] {
  const types = withEncryption(credentialTypes);
  return readEntries(ownCredentials, field, hint, (entry, place) => {
    try {
      const type = readCredentialType(entry.type, types);
      const body = readCredentialBody(entry, type);
      if (body.options.keys === undefined) {
        return { type: type.id, sealedBody: sealCredential(wallet, body) };
      }
      throw fieldInvalid(
        'options.keys',
        'asks for the keys of the service itself',
        'An administrator can add such a credential under a name.',
      );
    } catch (error) {
      throw withField(error, `${place}.${toAppError(error).field ?? 'type'}`);
    }
  });
}

/**
 * `parts` for a start request: its own credentials are found in registry and environment as if they were kept there already, and belong to
 * the caller, so that everything that is checked of a named one is checked of them.
 */
export function withOwnCredentials<P extends ServiceDependencies>(
  parts: P,
  { caller }: Pick<CallContext, 'caller'>,
  options: Pick<StartOptions, 'ownCredentials'>,
): P {
  const own = readOwnCredentials(parts, options);
  if (own.length === 0) return parts;
  const { registry, environment, clock } = parts;
  const records = new Map(
    own.map((body, position): [string, CredentialRecord] => {
      const name = ownCredentialName(position);
      return [name, { ...body, name, owner: caller.name, createdAt: clock.now() }];
    }),
  );
  return {
    ...parts,
    registry: {
      ...registry,
      getCredential: async (name: string) => records.get(name) ?? (await registry.getCredential(name)),
    },
    environment: environment.withCredentials(records),
  };
}

import { AppError } from '../../core/errors.ts';
import { checkWord } from '../blocks/credential-text.ts';
import type { PlaceOption, StoragePlace } from '../storage.ts';

const keySources: readonly string[] = ['environment', 'instance'];

/** Where the keys come from when a credential has none of its own. */
export const keysOption: PlaceOption = {
  name: 'keys',
  help: 'Where keys come from when the credential has none: environment (what the AWS tools find: variables, ~/.aws, web identity, container, instance) or instance (the role of the container or machine)',
  values: keySources,
};

/** Throws `location-invalid` for a credential that is neither keys nor a word where to find them, and for a key id that no header takes. */
export function checkKeys({ credential, options }: StoragePlace): void {
  const fault = (message: string, hint: string): AppError =>
    new AppError('location-invalid', { message, hint });
  if (options.keys !== undefined && !keySources.includes(options.keys)) {
    throw fault('The option keys has a value that it does not take.', 'Choose environment or instance.');
  }
  if (credential === null) return;
  checkWord(credential, 'id');
  const hasKeys = credential.id !== null && credential.secret !== null;
  if (hasKeys === (options.keys === undefined)) return;
  throw hasKeys
    ? fault(
        `The credential ${credential.name} has keys, and says that they come from the ${options.keys}.`,
        'Make a credential with either.',
      )
    : fault(
        `The credential ${credential.name} has no access key id and secret.`,
        'Give both, or the option keys=environment or keys=instance.',
      );
}

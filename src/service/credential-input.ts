import type { CredentialBody } from '../operations/environment.ts';
import type { CredentialType, PlaceOption } from '../storages/storage.ts';
import { fieldInvalid, readText, spell } from './input.ts';

/*
 * Readers of a new credential. A secret may have come in the wrong field, so that no message repeats a value; names of options are
 * repeated where they look like such.
 */

/** Longest secret, in characters: private keys and service account files are a few thousand. */
const longestSecret = 65_536;
const longestOption = 1024;

/** One of the kinds that exist. */
export function readCredentialType(value: unknown, types: readonly CredentialType[]): CredentialType {
  const ids = types.map(({ id }) => id).join(', ');
  const hint = `Use one of ${ids}.`;
  const found = types.find(({ id }) => id === readText(value, 'type', hint, longestOption));
  if (found !== undefined) return found;
  throw fieldInvalid('type', `must be one of ${ids}`, hint);
}

/** Id, secret and options, as the kind of credential wants them. */
export function readCredentialBody(
  input: Readonly<Record<string, unknown>>,
  type: CredentialType,
): CredentialBody {
  const id = readId(input.id, type);
  const secret = readSecret(input.secret, type);
  if (type.needs === 'id-and-secret' && id === null) {
    throw fieldInvalid('id', `is missing: a credential of the type ${type.id} needs one`, idHint(type));
  }
  const options = readOptions(input.options, type);
  if (secret === null && (type.needs !== 'choice' || options.keys === undefined)) {
    const choice = type.needs === 'choice' ? ', or the option keys' : '';
    throw fieldInvalid(
      'secret',
      `is missing: a credential of the type ${type.id} needs one${choice}`,
      secretHint(type),
    );
  }
  if (type.needs === 'choice' && secret !== null && options.keys !== undefined) {
    throw fieldInvalid(
      'options.keys',
      `says that the keys come from the ${options.keys}, and a secret is given`,
      'Leave out the secret or the option keys.',
    );
  }
  return { id, secret, options };
}

function readId(value: unknown, type: CredentialType): string | null {
  if (value === undefined || value === null) return null;
  if (type.idName === null) {
    throw fieldInvalid('id', `is given, and a credential of the type ${type.id} has none`, 'Leave id out.');
  }
  const id = readHidden(value, 'id', idHint(type), longestOption);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (!/[\u0000-\u001f\u007f]/.test(id)) return id;
  throw fieldInvalid('id', 'holds a line break or another control character', idHint(type));
}

const readSecret = (value: unknown, type: CredentialType): string | null =>
  value === undefined || value === null ? null : readHidden(value, 'secret', secretHint(type), longestSecret);

/** A text that messages do not repeat, whatever else it is. */
function readHidden(value: unknown, field: string, hint: string, longest: number): string {
  if (typeof value !== 'string') throw fieldInvalid(field, 'must be a text', hint);
  return readText(value, field, hint, longest);
}

const idHint = ({ idName }: CredentialType): string => `Give the ${idName ?? 'id'} as id.`;
const secretHint = ({ secretName }: CredentialType): string => `Give the ${secretName} as secret.`;

function readOptions(value: unknown, type: CredentialType): Readonly<Record<string, string>> {
  if (value === undefined || value === null) return {};
  const known = new Map(type.options.map((option) => [option.name, option]));
  const names = [...known.keys()].join(', ');
  const hint = names === '' ? 'Leave options out.' : `The type ${type.id} takes ${names}.`;
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw fieldInvalid('options', 'must be an object of texts', hint);
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, text]) => {
      const option = known.get(name);
      if (option !== undefined) return [name, readOption(text, option)];
      const shown = /^[a-z][a-z-]{0,30}$/i.test(name)
        ? `the unknown option ${spell(name)}`
        : 'an unknown option';
      throw fieldInvalid('options', `holds ${shown}`, hint);
    }),
  );
}

function readOption(value: unknown, { name, values }: PlaceOption): string {
  const field = `options.${name}`;
  const hint = values === undefined ? `Give ${name} a value.` : `Use ${values.join(' or ')}.`;
  const text = readHidden(value, field, hint, longestOption);
  if (values === undefined || values.includes(text)) return text;
  throw fieldInvalid(field, `must be one of ${values.join(', ')}`, hint);
}

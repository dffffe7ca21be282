import type { CredentialBody } from '../operations/environment.ts';
import type { CredentialType } from '../storages/storage.ts';
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
  return { id, secret, options };
}

function readId(value: unknown, type: CredentialType): string | null {
  if (value === undefined || value === null) return null;
  if (type.idName === null) {
    throw fieldInvalid('id', `is given, and a credential of the type ${type.id} has none`, 'Leave id out.');
  }
  return readHidden(value, 'id', idHint(type), longestOption);
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
  const known = type.options.map(({ name }) => name);
  const hint = known.length === 0 ? 'Leave options out.' : `The type ${type.id} takes ${known.join(', ')}.`;
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw fieldInvalid('options', 'must be an object of texts', hint);
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, text]) => {
      if (known.includes(name)) return [name, readHidden(text, `options.${name}`, hint, longestOption)];
      const shown = /^[a-z][a-z-]{0,30}$/i.test(name)
        ? `the unknown option ${spell(name)}`
        : 'an unknown option';
      throw fieldInvalid('options', `holds ${shown}`, hint);
    }),
  );
}

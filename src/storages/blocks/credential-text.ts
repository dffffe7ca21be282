import { AppError } from '../../core/errors.ts';
import type { StorageCredential } from '../storage.ts';

/** What of a credential a protocol takes on one line, or in one header. */
export type CredentialPart = 'id' | 'secret';

/** Throws `location-invalid`, without the text, where it holds a line break or another control character: lines of protocols end there. */
export function checkLine(credential: StorageCredential, part: CredentialPart): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(textOf(credential, part)))
    throw unusable(credential, part, 'holds a line break or another control character');
}

/** As `checkLine`, also where the text holds anything but visible ASCII: for headers that take one word. */
export function checkWord(credential: StorageCredential, part: CredentialPart): void {
  checkLine(credential, part);
  if (!/^[\x21-\x7e]*$/.test(textOf(credential, part)))
    throw unusable(credential, part, 'holds a space or a character beyond ASCII');
}

const textOf = ({ id, secret }: StorageCredential, part: CredentialPart): string =>
  (part === 'id' ? id : secret?.reveal()) ?? '';

const unusable = ({ name }: StorageCredential, part: CredentialPart, fault: string): AppError =>
  new AppError('location-invalid', {
    message: `The ${part} of the credential ${name} ${fault}, and cannot be sent to this storage.`,
    hint: `Remove the credential and add it again with the ${part} alone, on one line.`,
  });

import { AppError } from '../../../core/errors.ts';
import { shownKey } from '../shown-key.ts';

/** The bytes at `offset` cannot be what an RDB has there. `what` is a clause: `a string claims 2^60 bytes`. */
export const damaged = (what: string, offset: number): AppError =>
  new AppError('dump-damaged', {
    message: `The RDB is damaged at byte ${offset}: ${what}.`,
    operation: 'read an RDB',
    context: { offset },
  });

/** The bytes end at `offset`, before the end that an RDB has. */
export const truncated = (offset: number): AppError =>
  new AppError('dump-truncated', {
    message: `The RDB is cut off: it ends after ${offset} bytes, without the mark of its end.`,
    hint: 'Copy the file again from its source, or export again.',
    operation: 'read an RDB',
    context: { offset },
  });

/** A value whose type this version does not know, or that no server but its own can read. */
export function unsupportedType(
  type: number,
  offset: number,
  key: Uint8Array,
  why = 'this version does not know it',
): AppError {
  return new AppError('unsupported', {
    message: `The RDB has a value of type ${type} at byte ${offset}, under the key ${shownKey(key)}: ${why}.`,
    hint: 'Use a newer Pumphouse, or remove the key and export again.',
    operation: 'read an RDB',
    context: { offset, type },
  });
}

/** A part of an RDB between its keys that this version does not know. */
export const unsupportedOpcode = (
  opcode: number,
  offset: number,
  why = 'this version does not know it',
): AppError =>
  new AppError('unsupported', {
    message: `The RDB has the opcode ${opcode} at byte ${offset}: ${why}.`,
    hint: 'Use a newer Pumphouse.',
    operation: 'read an RDB',
    context: { offset, opcode },
  });

/** Something that can only be held as a whole, at `offset` or in what begins there, and that is more than any command takes. */
export const tooLong = (offset: number): AppError =>
  new AppError('unsupported', {
    message: `The RDB has a value, or an element of one, of more than 512 MB at byte ${offset}: no command takes that much at once.`,
    hint: 'Restore this RDB by a server of its own.',
    operation: 'read an RDB',
    context: { offset },
  });

/** More function libraries, up to the one at `offset`, than can be held until they are loaded. */
export const tooManyLibraries = (offset: number): AppError =>
  new AppError('unsupported', {
    message: `The RDB has function libraries of more than 64 MB in all, up to byte ${offset}.`,
    hint: 'Delete those that nobody needs (FUNCTION DELETE) and export again.',
    operation: 'read an RDB',
    context: { offset },
  });

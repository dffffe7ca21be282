import { AppError } from '../core/errors.ts';
import { refuseReadOnly } from '../operations/read-only-storage.ts';
import { checkFileName } from '../storages/file-name.ts';
import type { Storage } from '../storages/storage.ts';
import { authorise, authoriseCommand } from './authorise.ts';
import { ioContext, type ServiceDependencies } from './dependencies.ts';
import { readLocation, readText } from './input.ts';
import { authoriseLocation, subjectOf } from './locations.ts';
import type { CallContext, Service } from './service.ts';

type PlaceFiles = Pick<Service, 'readPlaceFile' | 'writePlaceFile'>;

/** Small files of definitions at places of the caller: read and written whole. */
export function createPlaceFiles(parts: ServiceDependencies): PlaceFiles {
  const { environment, tell } = parts;

  /** The storage of a location, for a caller who may use it. */
  async function admit(
    context: CallContext,
    verb: 'read' | 'write',
    input: { readonly location: unknown; readonly file: unknown },
  ): Promise<{ readonly storage: Storage; readonly file: string }> {
    const location = readLocation(input.location);
    const file = readText(input.file, 'file', 'Name a file below the location.', 1024);
    checkFileName(file);
    const subject = `${subjectOf(location)}/${file}`;
    await authoriseCommand(parts, context, { name: `definition_file:${verb}`, subject }, async () => {
      authorise(context, 'definition:manage');
      await authoriseLocation(parts, context, location);
    });
    const storage = await environment.storage(location);
    if (verb === 'write') refuseReadOnly(storage, location);
    return { storage, file };
  }

  return {
    async readPlaceFile(context, input) {
      const { storage, file } = await admit(context, 'read', input);
      const io = ioContext(parts, context);
      const { maxBytes } = input;
      // Refused before anything is read where the place tells its size; a place can tell a wrong one, so that it is counted too.
      const found = await storage.stat(file, io);
      if (found === null) {
        throw new AppError('file-missing', {
          field: 'file',
          message: `There is no file ${file} at ${storage.description}.`,
        });
      }
      if (found.bytes > maxBytes) throw tooLarge(file, maxBytes);
      const chunks: Uint8Array[] = [];
      let bytes = 0;
      for await (const chunk of storage.get(file, null, io)) {
        bytes += chunk.byteLength;
        if (bytes > maxBytes) throw tooLarge(file, maxBytes);
        // Storages may use the memory of a chunk again.
        chunks.push(Uint8Array.from(chunk));
      }
      return Buffer.concat(chunks, bytes);
    },

    async writePlaceFile(context, input) {
      const { storage, file } = await admit(context, 'write', input);
      const { bytes, about } = input;
      const source = {
        // The storage may free what it is given, and may ask again.
        async *open() {
          yield Uint8Array.from(bytes);
        },
      };
      await storage.put(
        file,
        source,
        { ifExists: 'fail', expectedBytes: bytes.byteLength },
        ioContext(parts, context),
      );
      await tell({
        type: 'definitions.exported',
        message: `${about} was written to ${file} at ${storage.description}.`,
        database: null,
        jobId: null,
        data: { file, bytes: bytes.byteLength, place: storage.description, by: context.caller.name },
        key: `definitions.exported:${context.requestId}:${file}`,
      });
    },
  };
}

const tooLarge = (file: string, maxBytes: number): AppError =>
  new AppError('body-too-large', {
    field: 'file',
    message: `The file ${file} is larger than ${maxBytes} bytes.`,
    hint: 'Name a smaller file.',
  });

import { crc32 } from 'node:zlib';
import { type Entry, fromBufferPromise, type ZipFile } from 'yauzl';
import { AppError, isInterruption } from '../../../core/errors.ts';

/** Largest zip in bytes. */
export const largestArchive = 10 * 1024 * 1024;
const mostMembers = 2000;
/** Of one file, and of all together, unpacked, in bytes. */
const largestMember = 16 * 1024 * 1024;
const largestWhole = 64 * 1024 * 1024;
/** How much smaller a zip may be than its files; texts of jobs stay well below. */
const highestRatio = 200;
/** Bytes below which nobody is hurt: a single script can be that large, and have any ratio. */
const freeOfRatio = largestMember;

/** What file types say in the Unix mode of a member: nothing, a plain file. */
const plainTypes = [0, 0o100_000];
const typeMask = 0o170_000;
const stored = 0;
const deflated = 8;

/**
 * The files of a zip whose names `isWanted` takes, by their names. Nothing of it goes to a disk, and it is refused as a whole (`archive-invalid`) for a name that
 * leads out of it or comes twice, for links and encrypted files, and for more than anybody's jobs would be.
 */
export async function readArchive(
  bytes: Uint8Array,
  isWanted: (path: string) => boolean,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Uint8Array>> {
  if (bytes.length > largestArchive) throw refused('It is larger than 10 MB.');
  try {
    const zip = await fromBufferPromise(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), {
      lazyEntries: true,
      decodeStrings: true,
      validateEntrySizes: true,
      strictFileNames: true,
    });
    return await readMembers(zip, isWanted, signal);
  } catch (error) {
    if (error instanceof AppError || isInterruption(error)) throw error;
    // The library says in a sentence what is wrong with the format, and names of files with it.
    throw refused('Its format is damaged, or a name in it is not allowed.', error);
  }
}

async function readMembers(
  zip: ZipFile,
  isWanted: (path: string) => boolean,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Uint8Array>> {
  if (zip.entryCount > mostMembers) throw refused(`It holds more than ${mostMembers} files.`);
  const found = new Map<string, Uint8Array>();
  const seen = new Set<string>();
  let whole = 0;
  for await (const entry of zip.eachEntry()) {
    signal.throwIfAborted();
    checkMember(entry);
    // To the letter: nothing of it becomes a file, and two jobs may differ by case alone.
    if (seen.has(entry.fileName)) throw refused('It holds two files of one name.');
    seen.add(entry.fileName);
    whole += entry.uncompressedSize;
    if (whole > largestWhole) throw refused('Its files are larger than 64 MB together.');
    if (whole > freeOfRatio && whole > zip.fileSize * highestRatio) {
      throw refused('Its files are packed far denser than texts can be.');
    }
    if (isFolder(entry) || !isWanted(entry.fileName)) continue;
    found.set(entry.fileName, await contentOf(zip, entry));
  }
  return found;
}

const isFolder = ({ fileName }: Entry): boolean => fileName.endsWith('/');

/** Throws for what no file of an export looks like. Names were checked by the library: none is absolute, has `..` or a backslash. */
function checkMember(entry: Entry): void {
  const { fileName, uncompressedSize, compressionMethod } = entry;
  if (/\p{Cc}/u.test(fileName)) throw refused('A name in it holds control characters.');
  if (entry.isEncrypted()) throw refused('A file in it is encrypted.');
  if (compressionMethod !== stored && compressionMethod !== deflated) {
    throw refused('A file in it is packed by a method that is not read here.');
  }
  const type = (entry.externalFileAttributes >>> 16) & typeMask;
  if (!isFolder(entry) && !plainTypes.includes(type)) {
    throw refused('It holds a link, or something else that is no plain file.');
  }
  if (uncompressedSize > largestMember) throw refused('A file in it is larger than 16 MB.');
}

/** The library holds what comes to the size that was checked: more, or less, is an error. What comes is not compared by it. */
async function contentOf(zip: ZipFile, entry: Entry): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  for await (const part of await zip.openReadStreamPromise(entry)) parts.push(part as Buffer);
  const content = Buffer.concat(parts);
  if (crc32(content) !== entry.crc32) throw refused('A file in it is damaged.');
  return content;
}

const refused = (why: string, cause?: unknown): AppError =>
  new AppError('archive-invalid', {
    message: `The file is no zip of an export. ${why}`,
    ...(cause === undefined ? {} : { cause }),
  });

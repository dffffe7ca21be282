import { ZipFile } from 'yazl';
import type { ArchiveMember } from './members.ts';

/** Unix mode of the files: everybody may read them. */
const mode = 0o100_644;

/** A zip of the members, in their order, names marked as UTF-8; made while it is read. The same members make the same bytes. */
export function writeArchive(members: readonly ArchiveMember[]): AsyncIterable<Uint8Array> {
  const zip = new ZipFile();
  for (const { path, text, changedAt } of members) {
    zip.addBuffer(Buffer.from(text, 'utf8'), path, { mtime: new Date(changedAt), mode });
  }
  zip.end();
  return zip.outputStream as unknown as AsyncIterable<Uint8Array>;
}

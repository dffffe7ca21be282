import { AppError } from '../../core/errors.ts';
import type { ByteRange } from '../storage.ts';
import type { SftpSession } from './session.ts';
import { SftpStatus, status } from './status.ts';

/** What servers give at once at least; and on a slow line the first bytes come soon. */
const smallRead = 32 * 1024;
/** Asked for when the small ones came well. OpenSSH gives so much at once, which takes a third of the work off both sides. */
const largeRead = 240 * 1024;
const bytesInFlight = 2 * 1024 * 1024;

/** The bytes of a file or of a range of it. Throws `SftpStatus`, `dump-truncated`, and what `request` of the session throws. */
export async function* getFile(
  session: SftpSession,
  path: string,
  subject: string,
  range: ByteRange | null,
): AsyncGenerator<Uint8Array> {
  const handle = await session.request<Buffer>((sftp, done) => sftp.open(path, 'r', done));
  let underWay = 0;
  const settled = (): void => {
    underWay -= 1;
  };
  try {
    const facts = await session.request<{ readonly size: number; isFile(): boolean }>((sftp, done) =>
      sftp.fstat(handle, done),
    );
    if (!facts.isFile()) throw new SftpStatus(status.noSuchFile, 'not a file');
    const end = range === null ? facts.size : range.end + 1;
    if (end > facts.size) throw truncated(subject, facts.size, end);

    const read = async (at: number, block: Buffer): Promise<Buffer> => {
      for (let filled = 0; filled < block.length; ) {
        const got = await session.request<number>((sftp, done) =>
          sftp.read(handle, block, filled, block.length - filled, at + filled, done),
        );
        if (got === 0) throw truncated(subject, at + filled, end);
        filled += got;
      }
      return block;
    };
    const start = range?.start ?? 0;
    const reads: Promise<Buffer>[] = [];
    for (let asked = start, given = start; given < end; ) {
      while (asked < end && asked - given < bytesInFlight) {
        const length = asked - start < bytesInFlight ? smallRead : largeRead;
        const block = Buffer.allocUnsafeSlow(Math.min(length, end - asked));
        underWay += 1;
        const reading = read(asked, block);
        // Those after a failed one are not waited for.
        reading.then(settled, settled);
        reads.push(reading);
        asked += block.length;
      }
      const block = (await reads.shift()) as Buffer;
      given += block.length;
      yield block;
    }
  } finally {
    // With answers still to come, the session is not used again, and its end closes the file.
    if (underWay === 0)
      await session.request((sftp, done) => sftp.close(handle, done)).catch(() => undefined);
  }
}

const truncated = (subject: string, has: number, wanted: number): AppError =>
  new AppError('dump-truncated', {
    message: `${subject} has ${has} bytes, and byte ${wanted} of it is needed.`,
    operation: 'get',
  });

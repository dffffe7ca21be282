import { AppError } from '../../../core/errors.ts';
import type { RdbFormat } from '../rdb/format.ts';
import { createRdbWriter, type RdbWriter } from '../rdb/write-rdb.ts';
import { BlockQueue } from './block-queue.ts';
import { formatOfVersion } from './rdb-versions.ts';

/** What follows the value in a DUMP: version and checksum. */
const footerBytes = 10;

/** Of the largest possible beginning of an entry, without the key. */
const headBytes = 32;

/** Makes an RDB file of DUMP replies, as they come, in pieces. */
export class EntryWriter {
  readonly queue: BlockQueue;
  rows = 0;
  /** As far as known: the first DUMP of the server tells. */
  #format: RdbFormat;
  #isSure = false;
  readonly #writer: RdbWriter;
  readonly #footer = Buffer.alloc(footerBytes);
  #left = 0;
  #isFirst = false;
  #key: Buffer = Buffer.alloc(0);
  #expireAt = -1;

  /**
   * @param format what the server's version lets expect
   * @param aux of the header
   */
  constructor(format: RdbFormat, database: number, aux: Readonly<Record<string, string>>) {
    this.#format = format;
    this.#writer = createRdbWriter(format);
    this.queue = new BlockQueue((block) => this.#writer.crc.add(block));
    this.queue.write(this.#writer.header(aux));
    this.queue.write(this.#writer.selectDatabase(database));
  }

  get magic(): string {
    return this.#format.magic;
  }

  /** A DUMP of `payloadBytes` follows. The key is read with its first byte. */
  begin(key: Buffer, expireAt: number, payloadBytes: number): void {
    if (payloadBytes <= footerBytes) throw notADump('is too short');
    this.#key = key;
    this.#expireAt = expireAt;
    this.#left = payloadBytes;
    this.#isFirst = true;
  }

  data(chunk: Buffer, start: number, end: number): void {
    let at = start;
    if (this.#isFirst && at < end) {
      const type = chunk[at] as number;
      this.queue.place(this.#key.length + headBytes, (block, offset) =>
        this.#writer.entryHead(block, offset, this.#key, this.#expireAt, type),
      );
      this.#isFirst = false;
      this.#left -= 1;
      at += 1;
    }
    const ofBody = Math.min(end - at, this.#left - footerBytes);
    if (ofBody > 0) {
      this.queue.write(chunk, at, at + ofBody);
      this.#left -= ofBody;
      at += ofBody;
    }
    if (at < end) {
      chunk.copy(this.#footer, footerBytes - this.#left, at, end);
      this.#left -= end - at;
    }
  }

  /** The DUMP is whole. */
  close(): void {
    const version = this.#footer.readUInt16LE(0);
    if (!this.#isSure) this.#settle(version);
    else if (version !== this.#format.version) throw notADump(`has version ${version}`);
    this.rows += 1;
  }

  /** All entries are in. */
  end(): void {
    // The checksum is over all before it: that must have gone through the block's end.
    this.queue.flush();
    this.queue.write(this.#writer.end());
    this.queue.end();
  }

  /** The servers' versions are known; of one that is newer or another product, its DUMP tells. */
  #settle(version: number): void {
    this.#isSure = true;
    if (version === this.#format.version) return;
    const format = formatOfVersion(version);
    if (!this.queue.isFirst)
      throw notADump(`has version ${version}, where ${this.#format.version} was expected`);
    this.#format = format;
    this.queue.patch(0, Buffer.from(format.magic, 'latin1'));
  }
}

const notADump = (what: string): AppError =>
  new AppError('unsupported', {
    message: `A DUMP of the server ${what}.`,
    hint: 'Export the whole database over the replication protocol (snapshot=sync in the database URL), or use a newer Pumphouse.',
    operation: 'read keys',
  });

import { damaged } from '../rdb-error.ts';
import { ascii } from './ascii.ts';
import { type BodyCursor, bytesOf, countOf, type Decoding, numberOf } from './body-cursor.ts';
import { idIn, idText } from './stream-id.ts';

const idBytes = 16;
/** Id, moment of delivery (8 bytes, little endian), number of deliveries (8 bytes). */
const recordBytes = 32;
const mostInOneCommand = 128;

const xclaim = ascii('XCLAIM');

/** What a group has delivered and nobody acknowledged, in the order of the ids. */
export class PendingMessages {
  #records = new Uint8Array(16 * recordBytes);
  #count = 0;

  /** Takes the group's list from the cursor. */
  *read(cursor: BodyCursor): Decoding<never> {
    for (let left = yield* countOf(cursor); left > 0; left--) {
      const head = yield* bytesOf(cursor, idBytes + 8);
      const deliveries = yield* numberOf(cursor);
      const at = this.#count * recordBytes;
      if (at === this.#records.length) {
        const larger = new Uint8Array(2 * at);
        larger.set(this.#records);
        this.#records = larger;
      }
      this.#records.set(head, at);
      new DataView(this.#records.buffer, at + idBytes + 8).setBigUint64(0, deliveries, true);
      this.#count += 1;
    }
  }

  /**
   * Takes a consumer's list from the cursor, ids only, and gives the claims that make those messages its own. Ids that were delivered at
   * the same moment equally often share a command.
   */
  *claims(
    cursor: BodyCursor,
    key: Uint8Array,
    group: Uint8Array,
    consumer: Uint8Array,
  ): Decoding<readonly Uint8Array[]> {
    const ids: Uint8Array[] = [];
    let same = -1;
    const claim = (): readonly Uint8Array[] => [
      ...[xclaim, key, group, consumer, ascii(0), ...ids.splice(0)],
      ...[ascii('TIME'), ascii(this.#moment(same)), ascii('RETRYCOUNT'), ascii(this.#deliveries(same))],
      ...[ascii('JUSTID'), ascii('FORCE')],
    ];
    for (let left = yield* countOf(cursor); left > 0; left--) {
      const id = yield* bytesOf(cursor, idBytes);
      const record = this.#find(id);
      if (record < 0) throw damaged('a message is pending for a consumer, but not for its group', cursor.at);
      const isAlike =
        ids.length > 0 &&
        this.#moment(record) === this.#moment(same) &&
        this.#deliveries(record) === this.#deliveries(same);
      if (ids.length > 0 && (!isAlike || ids.length >= mostInOneCommand)) yield claim();
      same = record;
      ids.push(idText(idIn(id)));
    }
    if (ids.length > 0) yield claim();
  }

  #moment(record: number): bigint {
    return new DataView(this.#records.buffer, record * recordBytes + idBytes).getBigInt64(0, true);
  }

  #deliveries(record: number): bigint {
    return new DataView(this.#records.buffer, record * recordBytes + idBytes + 8).getBigUint64(0, true);
  }

  /** The record of an id; negative: there is none. The server writes them in order. */
  #find(id: Uint8Array): number {
    let low = 0;
    let high = this.#count - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const at = middle * recordBytes;
      const order = Buffer.compare(this.#records.subarray(at, at + idBytes), id);
      if (order === 0) return middle;
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }
}

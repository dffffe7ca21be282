import { isWriterGone } from '../blocks/part-name.ts';

/**
 * Names of the blocks of one upload: Base64 of 33 bytes, so that a sweep knows who sent them.
 *
 *     PHB (3)      marks them as ours
 *     tag (20)     who writes, and which upload it is: see part-name.ts
 *     time (6)     when the block was sent, in milliseconds from the epoch
 *     number (4)   from 1
 */
const mark = 'PHB';
const idBytes = 33;

/** @param tag of `writerTag()`, the same for all blocks of an upload */
export function blockId(tag: string, number: number, nowMs: number): string {
  const id = Buffer.alloc(idBytes);
  id.write(mark, 0, 'latin1');
  id.write(tag, 3, 'hex');
  id.writeUIntBE(nowMs, 23, 6);
  id.writeUInt32BE(number, 29);
  return id.toString('base64');
}

/** Whether nobody will commit the block any more. False for blocks of other programs. */
export function isAbandonedBlock(id: string, nowMs: number): boolean {
  const tag = tagOf(id);
  return tag !== null && isWriterGone(tag, Buffer.from(id, 'base64').readUIntBE(23, 6), nowMs);
}

function tagOf(id: string): string | null {
  const bytes = Buffer.from(id, 'base64');
  const isOurs = bytes.length === idBytes && bytes.toString('latin1', 0, 3) === mark;
  return isOurs ? bytes.toString('hex', 3, 23) : null;
}

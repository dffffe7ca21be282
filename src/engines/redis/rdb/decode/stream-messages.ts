import { damaged } from '../rdb-error.ts';
import { ascii } from './ascii.ts';
import { Listpack } from './listpack.ts';
import { idText, type StreamId } from './stream-id.ts';

const deletedFlag = 1n;
const sameFieldsFlag = 2n;
const xadd = ascii('XADD');
const wrap = (id: bigint): bigint => BigInt.asUintN(64, id);

/**
 * The messages of one node of a stream, as XADD; those that are marked as deleted are left out. The node: how many messages, how many
 * deleted, the fields of the first one and 0; then for each flags, distance of its id to the node's, its fields (unless they are the
 * node's) and values, and how many elements that was. https://github.com/redis/redis/blob/7.0/src/t_stream.c
 */
export function* messagesOf(
  key: Uint8Array,
  nodeId: StreamId,
  bytes: Uint8Array,
): Generator<readonly Uint8Array[], void> {
  const listpack = new Listpack(bytes);
  listpack.skip();
  listpack.skip();
  const fields = listOf(listpack, sizeIn(listpack));
  listpack.skip();
  while (!listpack.isAtEnd) {
    const flags = listpack.integer();
    const ms = wrap(nodeId.ms + listpack.integer());
    const sequence = wrap(nodeId.sequence + listpack.integer());
    const isSame = (flags & sameFieldsFlag) !== 0n;
    const count = isSame ? fields.length : sizeIn(listpack);
    const command = [xadd, key, idText({ ms, sequence })];
    for (let field = 0; field < count; field++) {
      command.push(isSame ? (fields[field] as Uint8Array) : listpack.next(), listpack.next());
    }
    listpack.skip();
    if ((flags & deletedFlag) === 0n) yield command;
  }
}

function sizeIn(listpack: Listpack): number {
  const size = listpack.integer();
  if (size < 0n || size > 2n ** 32n)
    throw damaged('a message of a stream has an impossible number of fields', 0);
  return Number(size);
}

function listOf(listpack: Listpack, count: number): readonly Uint8Array[] {
  const list: Uint8Array[] = [];
  for (let left = count; left > 0; left--) list.push(listpack.next());
  return list;
}

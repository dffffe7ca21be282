import type { TargetTraits } from './commands.ts';
import { comingBody } from './decode/body-cursor.ts';
import { decodeValue } from './decode/decode-value.ts';
import type { RdbFormat } from './format.ts';
import type { RdbEntry, RdbVisitor } from './read-rdb.ts';

/** The next bytes of a value, at most `most` and never none; rejects when there are no more. Valid until the next call. */
export type ByteSupply = (most: number) => Promise<Uint8Array>;

type Give = NonNullable<RdbVisitor['large']>;

/** Gives a value away as a body of `bodyBytes`; what is not taken of it is skipped. */
export async function giveBody(
  give: Give,
  entry: RdbEntry,
  bodyBytes: number,
  supply: ByteSupply,
): Promise<void> {
  let left = bodyBytes;
  async function* pieces(): AsyncGenerator<Uint8Array, void> {
    while (left > 0) {
      const piece = await supply(left);
      left -= piece.length;
      yield piece;
    }
  }
  await give(entry, { kind: 'string', bodyBytes, pieces: pieces() });
  while (left > 0) left -= (await supply(left)).length;
}

/** Gives a value away as commands; those that are not taken are skipped. Returns how many bytes of the supply were not part of it. */
export async function giveCommands(
  give: Give,
  entry: RdbEntry,
  source: RdbFormat,
  target: TargetTraits,
  supply: ByteSupply,
): Promise<number> {
  const cursor = comingBody();
  const decoding = decodeValue(entry.key, entry.type, cursor, source, target);
  const next = async (): Promise<readonly Uint8Array[] | null> => {
    for (let made = decoding.next(); made.done !== true; made = decoding.next()) {
      if (made.value !== null) return made.value;
      while (cursor.left < cursor.wanted) cursor.append(await supply(Number.POSITIVE_INFINITY));
    }
    return null;
  };
  async function* commands(): AsyncGenerator<readonly Uint8Array[], void> {
    for (let command = await next(); command !== null; command = await next()) yield command;
  }
  await give(entry, { kind: 'commands', commands: commands() });
  while ((await next()) !== null);
  return cursor.left;
}

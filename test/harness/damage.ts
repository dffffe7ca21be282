import { open, stat } from 'node:fs/promises';

/** Turns one bit of a file over, in the middle unless told where. */
export async function flipByte(file: string, at?: number): Promise<void> {
  const place = at ?? Math.floor((await stat(file)).size / 2);
  await using handle = await open(file, 'r+');
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, place);
  buffer[0] = (buffer[0] as number) ^ 0x10;
  await handle.write(buffer, 0, 1, place);
}

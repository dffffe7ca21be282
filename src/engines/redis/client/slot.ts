/** How many hash slots a cluster has. */
export const slotCount = 16384;

/** CRC-16/XMODEM: polynomial 1021, start 0, nothing reflected. */
const crcTable = new Uint16Array(256);
for (let byte = 0; byte < 256; byte++) {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021;
  crcTable[byte] = crc;
}

const openBrace = 0x7b;
const closeBrace = 0x7d;

/**
 * The hash slot of a key: of what is between its first `{` and the next `}`, where that is not empty, else of the whole key.
 * https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#key-distribution-model
 */
export function slotOf(key: Uint8Array): number {
  const open = key.indexOf(openBrace);
  if (open < 0) return crc16(key, 0, key.length) % slotCount;
  const close = key.indexOf(closeBrace, open + 1);
  const isTagged = close > open + 1;
  return (isTagged ? crc16(key, open + 1, close) : crc16(key, 0, key.length)) % slotCount;
}

function crc16(bytes: Uint8Array, start: number, end: number): number {
  let crc = 0;
  for (let at = start; at < end; at++) {
    crc = ((crc << 8) ^ (crcTable[(crc >>> 8) ^ (bytes[at] as number)] as number)) & 0xffff;
  }
  return crc;
}

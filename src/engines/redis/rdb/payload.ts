import { createCrc64 } from './crc64.ts';

/**
 * What DUMP gives and RESTORE takes: the type, the value as an RDB has it, the RDB version (2 bytes, little endian) and a CRC-64 over all
 * of that. RESTORE refuses versions above its own, but takes values of any server under its own version.
 */
const footerBytes = 10;

/** Bytes of the payload of a value of so many bytes. */
export const payloadBytes = (bodyBytes: number): number => 1 + bodyBytes + footerBytes;

const crc = createCrc64();

/** Writes a payload with the footer of RDB version `version` at `offset`; returns its end. */
export function writePayload(
  target: Uint8Array,
  offset: number,
  type: number,
  body: Uint8Array,
  version: number,
): number {
  target[offset] = type;
  const end = offset + 1 + body.length;
  if (body.length > 64) target.set(body, offset + 1);
  else for (let at = 0; at < body.length; at++) target[offset + 1 + at] = body[at] as number;
  target[end] = version;
  target[end + 1] = version >>> 8;
  crc.reset();
  crc.add(target, offset, end + 2);
  crc.writeTo(target, end + 2);
  return end + footerBytes;
}

/** The RDB version in the footer of a payload: of one that a server gave, that server's. */
export const dumpVersion = (payload: Uint8Array): number =>
  (payload[payload.length - footerBytes] as number) |
  ((payload[payload.length - footerBytes + 1] as number) << 8);

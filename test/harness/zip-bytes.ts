import { crc32, deflateRawSync } from 'node:zlib';

/** A file of a zip that is written by hand: whatever is not said is as it should be. */
export interface ZipMember {
  readonly name: string | Uint8Array;
  readonly content?: Uint8Array | string;
  /** 0 stored, 8 deflated; default 8. */
  readonly method?: number;
  /** General purpose bits; default 0x0800, names are UTF-8. */
  readonly flags?: number;
  /** Unix mode; default a plain file. */
  readonly mode?: number;
  /** Of the content as it is told; default what it is. */
  readonly size?: number;
  readonly packedSize?: number;
  readonly crc?: number;
}

/** The bytes of a zip, good or not. */
export function zipBytes(members: readonly ZipMember[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const member of members) {
    const { name, content = '', method = 8, flags = 0x0800, mode = 0o100_644 } = member;
    const plain = Buffer.from(content as string);
    const packed = method === 8 ? deflateRawSync(plain) : plain;
    const nameBytes = Buffer.from(name as string);
    const facts = Buffer.alloc(26);
    facts.writeUInt16LE(20, 0);
    facts.writeUInt16LE(flags, 2);
    facts.writeUInt16LE(method, 4);
    facts.writeUInt32LE(member.crc ?? crc32(plain), 10);
    facts.writeUInt32LE(member.packedSize ?? packed.length, 14);
    facts.writeUInt32LE(member.size ?? plain.length, 18);
    facts.writeUInt16LE(nameBytes.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), facts, nameBytes, packed]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE((mode << 16) >>> 0, 6);
    tail.writeUInt32LE(at, 10);
    const madeBy = Buffer.from([63, 3]);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02', 'latin1'), madeBy, facts, tail, nameBytes]));
    parts.push(local);
    at += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(members.length, 8);
  end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, central, end]);
}

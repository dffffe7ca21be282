import type { RdbFamily } from './format.ts';
import { valueType } from './value-types.ts';

/** What stands between the values of an RDB. https://github.com/redis/redis/blob/8.0/src/rdb.h */
export const opcode = {
  /** Redis Enterprise's files: where the value lay. */
  ramLru: 107,
  /** Valkey 9; Redis 8.6 has something else under this number. */
  slotImport: 243,
  slotInfo: 244,
  function: 245,
  functionPreRelease: 246,
  moduleAux: 247,
  idle: 248,
  frequency: 249,
  aux: 250,
  resizeDatabase: 251,
  expireMs: 252,
  expireSeconds: 253,
  selectDatabase: 254,
  end: 255,
} as const;

/** From here on a number that no program exists for is an opcode's, below a type's. */
export const firstOpcode = 192;

/** The steps that programs are made of; operands follow in brackets. */
export const step = {
  /** The item is over. */
  done: 0,
  string: 1,
  length: 2,
  /** [n] */
  bytes: 3,
  /** Repeats what follows as often as the count says that stands here: [where to go on after the last time] */
  repeat: 4,
  /** The end of what is repeated: [where it begins] */
  again: 5,
  /** A count, and that many times so many bytes: [n] */
  run: 6,
  /** A double as text; lengths from 253 on stand for infinities and no number. */
  asciiDouble: 7,
  /** Kind of a node: packed or plain. */
  container: 8,
  /** The name of an entry. */
  key: 9,
  /** Where the value begins. */
  body: 10,
  expireMs: 11,
  expireSeconds: 12,
  frequency: 13,
  /** What a module wrote: marked parts up to a zero. */
  moduleParts: 14,
  /** Which module, and the version of its data. */
  moduleId: 15,
  /** The name of an entry whose value cannot be walked. */
  keyOfUnknown: 16,
  /** An opcode that cannot be walked. */
  unknown: 17,
  /** The source of a function library. */
  library: 18,
} as const;

export type Program = readonly number[];

const { string, length, bytes, run, done } = step;

type Part = number | readonly Part[];

/** Lays a program out; a part in brackets is repeated as often as the count before it says. */
function program(...parts: readonly Part[]): Program {
  const laid: number[] = [];
  const lay = (list: readonly Part[]): void => {
    for (const part of list) {
      if (typeof part === 'number') {
        laid.push(part);
        continue;
      }
      const operand = laid.push(step.repeat, 0) - 1;
      lay(part);
      laid.push(step.again, operand + 1);
      laid[operand] = laid.length;
    }
  };
  lay([...parts, done]);
  return laid;
}

const value = (...parts: readonly Part[]): Program => program(step.key, step.body, ...parts);

const stream = (version: 1 | 2 | 3): Program => {
  const since2 = (...parts: readonly Part[]): readonly Part[] => (version >= 2 ? parts : []);
  const pending: Part = [bytes, 24, length];
  const consumer: Part = [string, bytes, version === 3 ? 16 : 8, run, 16];
  return value(
    [string, string],
    length,
    ...[length, length],
    ...since2(length, length, length, length, length),
    [string, length, length, ...since2(length), pending, consumer],
  );
};

const strings = value([string]);
const pairs = value([string, string]);
const oneString = value(string);
const unknownType = program(step.keyOfUnknown);

const common: Readonly<Record<number, Program>> = {
  [valueType.string]: oneString,
  [valueType.list]: strings,
  [valueType.set]: strings,
  [valueType.zsetAscii]: value([string, step.asciiDouble]),
  [valueType.hash]: pairs,
  [valueType.zset]: value([string, bytes, 8]),
  [valueType.module]: value(step.moduleId, step.moduleParts),
  [valueType.hashZipmap]: oneString,
  [valueType.listZiplist]: oneString,
  [valueType.setIntset]: oneString,
  [valueType.zsetZiplist]: oneString,
  [valueType.hashZiplist]: oneString,
  [valueType.listQuicklist]: strings,
  [valueType.stream]: stream(1),
  [valueType.hashListpack]: oneString,
  [valueType.zsetListpack]: oneString,
  [valueType.listQuicklist2]: value([step.container, string]),
  [valueType.stream2]: stream(2),
  [valueType.setListpack]: oneString,
  [valueType.stream3]: stream(3),
  [opcode.ramLru]: program(length),
  [opcode.slotInfo]: program(length, length, length),
  [opcode.function]: program(step.library),
  [opcode.moduleAux]: program(step.moduleId, step.moduleParts),
  [opcode.idle]: program(length),
  [opcode.frequency]: program(step.frequency),
  [opcode.aux]: program(string, string),
  [opcode.resizeDatabase]: program(length, length),
  [opcode.expireMs]: program(step.expireMs),
  [opcode.expireSeconds]: program(step.expireSeconds),
  [opcode.selectDatabase]: program(length),
  [opcode.end]: program(),
};

const own: Readonly<Record<RdbFamily, Readonly<Record<number, Program>>>> = {
  redis: {
    [valueType.hashMetadata]: value(bytes, 8, [length, string, string]),
    [valueType.hashListpackWithExpiry]: value(bytes, 8, string),
  },
  valkey: {
    [valueType.hashWithExpiry]: value([string, string, bytes, 8]),
    [opcode.slotImport]: program(string, [length, length]),
  },
};

const tableOf = (family: RdbFamily): readonly Program[] =>
  Array.from(
    { length: 256 },
    (_, code) =>
      own[family][code] ?? common[code] ?? (code < firstOpcode ? unknownType : program(step.unknown)),
  );

/** For each first byte of an item (type or opcode) how to walk what follows. */
export const programs: Readonly<Record<RdbFamily, readonly Program[]>> = {
  redis: tableOf('redis'),
  valkey: tableOf('valkey'),
};

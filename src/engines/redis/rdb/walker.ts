import type { RdbFamily } from './format.ts';
import { ItemRun, noTime } from './item-run.ts';
import { moduleName } from './module-name.ts';
import { firstOpcode, opcode, type Program, programs, step } from './programs.ts';
import { damaged } from './rdb-error.ts';
import { valueType } from './value-types.ts';

/** What {@link Walker.next} stopped at. */
export const event = {
  /** The bytes are used up in the middle of an item, or between two. */
  none: 0,
  aux: 1,
  database: 2,
  entry: 3,
  functionLibrary: 4,
  moduleAux: 5,
  slotImport: 6,
  /** The opcode of the end; what follows it is not walked. */
  end: 7,
} as const;

/** Most bytes that a walker wants to see at once, apart from strings that are kept. */
export const longestStep = 64;

/**
 * Walks an RDB's items (opcodes and entries) by their programs, wherever the bytes are cut: it can stop at each step and go on with the
 * next bytes. It copies nothing. Positions are absolute: offsets from the first byte of the RDB.
 */
export class Walker extends ItemRun {
  /** A {@link event}. */
  event: number = event.none;
  /** What the caller must show again, from here on, when it has more: all of what is kept, else a few bytes at most. */
  keepFrom = 0;
  database = 0;
  idle = noTime;

  readonly #programs: readonly Program[];
  readonly #keepsEntries: boolean;
  readonly #counts = new Uint32Array(256);
  #isKept = false;

  /** `keepsEntries`: entries and function libraries are needed in one piece. Without, only their lengths are looked at. */
  constructor(family: RdbFamily, keepsEntries: boolean, position: number) {
    super();
    this.#programs = programs[family];
    this.#keepsEntries = keepsEntries;
    this.base = position;
    this.keepFrom = position;
  }

  /** Whether an entry's value has begun and not ended. */
  get isInBody(): boolean {
    return this.program !== null && isEntry(this.code) && this.bodyAt >= this.itemAt;
  }

  /** Whether something has begun that must go on. */
  get isInItem(): boolean {
    if (this.program !== null) return true;
    // After an entry they are still its own.
    if (this.event === event.entry) return false;
    return this.expireAt !== noTime || this.idle !== noTime || this.frequency !== noTime;
  }

  get isModuleValue(): boolean {
    return this.code === valueType.module;
  }

  /** The name of the module, of whose value or data {@link event} told. */
  get module(): string {
    return moduleName(this.moduleHigh, this.moduleLow);
  }

  /** Forgets the entry that was begun: its value has been taken by others, up to `position`. */
  leaveEntry(position: number): void {
    this.program = null;
    this.#isKept = false;
    this.#clearEntry();
    this.skip = 0;
    this.keepFrom = position;
  }

  /**
   * Goes on in `bytes[at, end)`, which begins with what was to be shown again. Returns where it stopped: after an item that {@link event}
   * names, or where more bytes are needed.
   */
  next(bytes: Uint8Array, start: number, end: number): number {
    if (this.event === event.entry) this.#clearEntry();
    this.event = event.none;
    let at = start;
    for (;;) {
      if (this.program === null) {
        if (at >= end) return this.#suspend(at);
        this.#begin(bytes[at] as number, this.base + at);
        at += 1;
      }
      at = this.run(bytes, at, end);
      if (this.program !== null) return this.#suspend(at);
      this.#finish();
      if (this.event !== event.none) return at;
    }
  }

  #begin(code: number, position: number): void {
    const program = this.#programs[code] as Program;
    this.start(program, code, position);
    this.#isKept =
      code === opcode.aux ||
      program[0] === step.keyOfUnknown ||
      (this.#keepsEntries && (isEntry(code) || code === opcode.function));
  }

  #suspend(at: number): number {
    this.keepFrom = this.#isKept ? this.itemAt : this.base + at;
    return at;
  }

  #finish(): void {
    const { code } = this;
    this.#isKept = false;
    if (isEntry(code)) {
      this.event = event.entry;
      return;
    }
    switch (code) {
      case opcode.selectDatabase:
        this.#count(mostDatabases, 'logical databases');
        if (this.head.value > highestDatabase)
          throw damaged('the number of a database is absurd', this.itemAt);
        this.database = this.head.value;
        this.event = event.database;
        break;
      case opcode.aux:
        this.#count(mostFacts, 'facts about its server');
        this.event = event.aux;
        break;
      case opcode.idle:
        this.idle = this.head.value;
        break;
      case opcode.function:
        this.#count(mostFacts, 'function libraries');
        this.event = event.functionLibrary;
        break;
      case opcode.moduleAux:
        this.#count(mostFacts, 'parts of modules');
        this.event = event.moduleAux;
        break;
      case opcode.slotImport:
        this.event = event.slotImport;
        break;
      case opcode.end:
        this.event = event.end;
        break;
    }
  }

  /** What is kept for as long as the RDB is read must not be without bounds. */
  #count(most: number, what: string): void {
    const count = (this.#counts[this.code] as number) + 1;
    this.#counts[this.code] = count;
    if (count > most) throw damaged(`it has more than ${most} ${what}`, this.itemAt);
  }

  #clearEntry(): void {
    this.expireAt = noTime;
    this.idle = noTime;
    this.frequency = noTime;
  }
}

const isEntry = (code: number): boolean => code < firstOpcode && code !== opcode.ramLru;

const highestDatabase = 2 ** 31;
const mostDatabases = 100_000;
const mostFacts = 10_000;

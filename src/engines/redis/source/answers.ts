import { ProtocolError } from '../client/resp-tokens.ts';
import type { EntryWriter } from './entry-writer.ts';
import type { KeyBatch } from './key-batch.ts';

/** What is asked and not answered, or partly: it takes the tokens of its answers. */
export abstract class Answers {
  isWhole = false;

  simple(_text: string): void {
    throw unexpected();
  }
  integer(_value: number): void {
    throw unexpected();
  }
  nil(): void {
    throw unexpected();
  }
  array(_length: number): void {
    throw unexpected();
  }
  bulk(_length: number): void {
    throw unexpected();
  }
  data(_chunk: Buffer, _start: number, _end: number): void {
    throw unexpected();
  }
  bulkEnd(): void {
    throw unexpected();
  }
}

/** The answer to one SCAN: a cursor and keys. */
export class ScanAnswer extends Answers {
  readonly batch: KeyBatch;
  #step: 'pair' | 'cursor' | 'keys' | 'key' = 'pair';
  #keysLeft = 0;
  #cursor = '';

  constructor(batch: KeyBatch) {
    super();
    this.batch = batch;
  }

  get cursor(): bigint {
    if (!/^\d{1,20}$/.test(this.#cursor)) throw unexpected();
    return BigInt(this.#cursor);
  }

  override array(length: number): void {
    if (this.#step === 'pair' && length === 2) {
      this.#step = 'cursor';
    } else if (this.#step === 'keys') {
      this.#step = 'key';
      this.#keysLeft = length;
      this.isWhole = length === 0;
    } else throw unexpected();
  }

  override bulk(_length: number): void {
    if (this.#step !== 'cursor' && this.#step !== 'key') throw unexpected();
  }

  override data(chunk: Buffer, start: number, end: number): void {
    if (this.#step === 'key') this.batch.append(chunk, start, end);
    else this.#cursor += chunk.toString('latin1', start, end);
  }

  override bulkEnd(): void {
    if (this.#step === 'cursor') {
      this.#step = 'keys';
      return;
    }
    this.batch.close();
    this.#keysLeft -= 1;
    this.isWhole = this.#keysLeft === 0;
  }
}

/** Turns what the server says of a key's expiry into milliseconds since 1970; -1: never. */
export type ExpiryReader = (answer: number) => number;

/** What rules must know of the keys of a batch before their values are asked: TYPE, then the expiry, or one of them. */
export class FactsAnswer extends Answers {
  readonly batch: KeyBatch;
  readonly types: string[] = [];
  readonly #asksBoth: boolean;
  readonly #readExpiry: ExpiryReader;
  #expiries = 0;

  constructor(
    batch: KeyBatch,
    asks: { readonly type: boolean; readonly ttl: boolean },
    readExpiry: ExpiryReader,
  ) {
    super();
    this.batch = batch;
    this.#asksBoth = asks.type && asks.ttl;
    this.#readExpiry = readExpiry;
  }

  override simple(text: string): void {
    this.types.push(text);
    this.isWhole = !this.#asksBoth && this.types.length === this.batch.count;
  }

  override integer(value: number): void {
    this.batch.expiries[this.#expiries] = this.#readExpiry(value);
    this.#expiries += 1;
    this.isWhole = this.#expiries === this.batch.count;
  }
}

/**
 * The values of keys `from` to `to` (without it) of a batch, each after its expiry where that is not known yet. `onSize` is told how large each is,
 * `onKey` when a key has been answered.
 */
export class ValuesAnswer extends Answers {
  readonly batch: KeyBatch;
  readonly to: number;
  readonly #writer: EntryWriter;
  readonly #readExpiry: ExpiryReader;
  readonly #onSize: (bytes: number) => void;
  readonly #onKey: () => void;
  #at: number;

  constructor(
    batch: KeyBatch,
    range: { readonly from: number; readonly to: number },
    writer: EntryWriter,
    readExpiry: ExpiryReader,
    onSize: (bytes: number) => void,
    onKey: () => void,
  ) {
    super();
    this.batch = batch;
    this.#at = range.from;
    this.to = range.to;
    this.#writer = writer;
    this.#readExpiry = readExpiry;
    this.#onSize = onSize;
    this.#onKey = onKey;
  }

  override integer(value: number): void {
    this.batch.expiries[this.#at] = this.#readExpiry(value);
  }

  /** The key is gone, or its time has come. */
  override nil(): void {
    this.#next();
  }

  override bulk(length: number): void {
    this.#onSize(length);
    this.#writer.begin(this.batch.key(this.#at), this.batch.expiries[this.#at] as number, length);
  }

  override data(chunk: Buffer, start: number, end: number): void {
    this.#writer.data(chunk, start, end);
  }

  override bulkEnd(): void {
    this.#writer.close();
    this.#next();
  }

  #next(): void {
    this.#at += 1;
    this.#onKey();
    this.isWhole = this.#at === this.to;
  }
}

const unexpected = (): ProtocolError =>
  new ProtocolError(
    'The server does not speak the protocol of Redis: it answered something else than was asked.',
  );

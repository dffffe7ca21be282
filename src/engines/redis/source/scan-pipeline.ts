import { AppError } from '../../../core/errors.ts';
import type { RedisConnection } from '../client/connection.ts';
import { encodeCommand } from '../client/encode-command.ts';
import { RedisError } from '../client/reply.ts';
import type { TokenSink } from '../client/resp-tokens.ts';
import { expiryAt } from '../expiry.ts';
import { type Answers, type ExpiryReader, FactsAnswer, ScanAnswer, ValuesAnswer } from './answers.ts';
import { CommandBuffer, commandHead } from './command-buffer.ts';
import { type CursorRange, firstCursor, isWithin } from './cursor-ranges.ts';
import type { EntryWriter } from './entry-writer.ts';
import { KeyBatch } from './key-batch.ts';
import { isInSample, type KeyRow, type KeyRules } from './key-filter.ts';

export interface PipelineOptions {
  readonly range: CursorRange;
  readonly rules: KeyRules;
  /** The server knows PEXPIRETIME; otherwise PTTL is asked, and our own clock. */
  readonly knowsExpireTime: boolean;
  readonly server: string;
}

/** How many keys a SCAN is asked for. */
const scanCount = 1_000;
/** SCANs go on while so many keys, at most, wait for their values to be asked. */
const keysAhead = 2 * scanCount;
/** Of values that are asked and have not come: the server holds them. Their sizes are guessed from those before. */
const bytesInFlight = 4 * 1024 * 1024;
const firstGuess = 64 * 1024;
const keysInFlight = 4 * scanCount;
/** Answers that wait for their reader, in bytes, before the socket is paused. */
const bytesWaiting = 2 * 1024 * 1024;

const typeHead = commandHead('TYPE');
const dumpHead = commandHead('DUMP');

/**
 * Reads the keys of a range: SCAN, then what the rules must know of them, then their values, all on one connection, where each question is
 * asked before those before it are answered. Values go from the socket's buffer into the blocks of the writer.
 */
export class ScanPipeline implements TokenSink {
  readonly #connection: RedisConnection;
  readonly #options: PipelineOptions;
  readonly #writer: EntryWriter;
  readonly #due: Answers[] = [];
  /** Batches whose values are still to be asked, of the first of them partly perhaps. */
  readonly #batches: KeyBatch[] = [];
  readonly #spare: KeyBatch[] = [];
  readonly #commands = new CommandBuffer();
  readonly #expiryHead: Buffer;
  readonly #row: KeyRow = { key: '', type: '', ttl: null };
  #cursor: bigint;
  #isScanning = false;
  #isScanned = false;
  #isPaused = false;
  #keysDue = 0;
  /** Of a value, in bytes: follows large ones quickly, small ones slowly. */
  #usualSize = firstGuess;

  constructor(connection: RedisConnection, writer: EntryWriter, options: PipelineOptions) {
    this.#connection = connection;
    this.#writer = writer;
    this.#options = options;
    this.#cursor = firstCursor(options.range);
    this.#expiryHead = commandHead(options.knowsExpireTime ? 'PEXPIRETIME' : 'PTTL');
    writer.queue.onTaken = this.#onTaken;
  }

  /** The connection is the pipeline's until the writer's queue has ended. */
  start(): void {
    this.#connection.onTokens(this);
    this.#ask();
  }

  ok(): void {
    this.simple('OK');
  }

  simple(text: string): void {
    this.#current().simple(text);
    this.#advance();
  }

  error(line: string): void {
    const error = new RedisError(line, this.#options.server);
    if (!['MOVED', 'ASK', 'TRYAGAIN'].includes(error.code)) throw error;
    throw new AppError('snapshot-lost', {
      message: `Slots of the cluster moved while the server ${this.#options.server} was read.`,
      operation: 'read keys',
      cause: error,
    });
  }

  integer(value: number): void {
    this.#current().integer(value);
    this.#advance();
  }

  nil(): void {
    this.#current().nil();
    this.#advance();
  }

  array(length: number): void {
    this.#current().array(length);
    this.#advance();
  }

  bulk(length: number): void {
    this.#current().bulk(length);
  }

  data(chunk: Buffer, start: number, end: number): void {
    this.#current().data(chunk, start, end);
    if (!this.#isPaused && this.#writer.queue.bytes > bytesWaiting) {
      this.#isPaused = true;
      this.#connection.pause();
    }
  }

  bulkEnd(): void {
    this.#current().bulkEnd();
    this.#advance();
  }

  readonly #onTaken = (): void => {
    if (!this.#isPaused || this.#writer.queue.bytes > bytesWaiting / 2) return;
    this.#isPaused = false;
    this.#connection.resume();
  };

  #current(): Answers {
    const first = this.#due[0];
    if (first === undefined) throw new Error('The server sent a reply that nobody asked for.');
    return first;
  }

  #advance(): void {
    const first = this.#current();
    if (!first.isWhole) return;
    this.#due.shift();
    if (first instanceof ScanAnswer) this.#scanned(first);
    else if (first instanceof FactsAnswer) this.#known(first.batch, first.types);
    else if (first instanceof ValuesAnswer && first.to === first.batch.count) this.#recycle(first.batch);
    this.#ask();
  }

  #scanned({ batch, cursor }: ScanAnswer): void {
    const { range, rules } = this.#options;
    const { sample } = rules;
    this.#isScanning = false;
    this.#cursor = cursor;
    this.#isScanned = !isWithin(range, cursor);
    if (sample !== null) batch.retain((index) => isInSample(batch, index, sample));
    if (batch.count === 0) this.#recycle(batch);
    else if (rules.asksType || rules.asksTtl) this.#askFacts(batch);
    else this.#known(batch, []);
  }

  /** All is known of the keys of a batch that the rules ask for. */
  #known(batch: KeyBatch, types: readonly string[]): void {
    const { accepts, asksKey } = this.#options.rules;
    if (accepts !== null) {
      const row = this.#row;
      const now = Date.now();
      batch.retain((index) => {
        const expiry = batch.expiries[index] as number;
        row.key = asksKey ? batch.key(index).toString() : '';
        row.type = types[index] ?? '';
        row.ttl = expiry < 0 ? null : Math.max(0, expiry - now);
        return accepts(row);
      });
    }
    if (batch.count === 0) this.#recycle(batch);
    else this.#batches.push(batch);
  }

  #recycle(batch: KeyBatch): void {
    batch.clear();
    this.#spare.push(batch);
  }

  /** Asks for as much as may be under way. */
  #ask(): void {
    const waiting = this.#batches.reduce((sum, batch) => sum + batch.count - batch.asked, 0);
    // Before the values: its answer lets the next ones be asked while these come.
    if (!this.#isScanned && !this.#isScanning && waiting < keysAhead) this.#askScan();
    while (this.#batches.length > 0 && this.#askValues());
    if (this.#due.length > 0 || !this.#isScanned) return;
    this.#connection.onTokens(null);
    this.#writer.end();
  }

  #askScan(): void {
    const { match, type } = this.#options.rules;
    this.#isScanning = true;
    this.#due.push(new ScanAnswer(this.#spare.pop() ?? new KeyBatch()));
    this.#send(
      encodeCommand([
        'SCAN',
        String(this.#cursor),
        ...(match === null ? [] : ['MATCH', match]),
        'COUNT',
        scanCount,
        ...(type === null ? [] : ['TYPE', type]),
      ]),
      1,
    );
  }

  #askFacts(batch: KeyBatch): void {
    const { asksType, asksTtl } = this.#options.rules;
    const commands = this.#commands;
    for (let index = 0; index < batch.count; index += 1) {
      if (asksType) commands.add(typeHead, batch, index);
      if (asksTtl) commands.add(this.#expiryHead, batch, index);
    }
    this.#due.push(new FactsAnswer(batch, { type: asksType, ttl: asksTtl }, this.#readExpiry));
    this.#sendCommands();
  }

  /** False: enough is under way. */
  #askValues(): boolean {
    const batch = this.#batches[0] as KeyBatch;
    const room =
      Math.min(keysInFlight, Math.max(1, Math.floor(bytesInFlight / this.#usualSize))) - this.#keysDue;
    const wanted = batch.count - batch.asked;
    // Few keys at a time are more work than their values; unless nothing else is under way.
    if (room < Math.min(wanted, 64) && this.#keysDue > 0) return false;
    const from = batch.asked;
    const to = Math.min(batch.count, from + Math.max(1, room));
    const commands = this.#commands;
    const asksExpiry = !this.#options.rules.asksTtl;
    for (let index = from; index < to; index += 1) {
      if (asksExpiry) commands.add(this.#expiryHead, batch, index);
      commands.add(dumpHead, batch, index);
    }
    batch.asked = to;
    if (to === batch.count) this.#batches.shift();
    this.#keysDue += to - from;
    this.#due.push(
      new ValuesAnswer(batch, { from, to }, this.#writer, this.#readExpiry, this.#onSize, this.#onKey),
    );
    this.#sendCommands();
    return true;
  }

  readonly #readExpiry: ExpiryReader = (answer) => {
    if (answer < 0) return -1;
    return expiryAt(this.#options.knowsExpireTime ? answer : Date.now() + answer);
  };

  readonly #onSize = (bytes: number): void => {
    const usual = this.#usualSize;
    this.#usualSize = Math.max(64, usual + (bytes - usual) / (bytes > usual ? 4 : 64));
  };

  readonly #onKey = (): void => {
    this.#keysDue -= 1;
  };

  #sendCommands(): void {
    const { count } = this.#commands;
    this.#send(this.#commands.take(), count);
  }

  /** What is under way is bounded by the answers, so that there is no need to wait for room. */
  #send(commands: Uint8Array, replies: number): void {
    void this.#connection.send(commands, replies);
  }
}

import { RedisError } from '../client/reply.ts';
import type { ServerFacts } from '../client/server-facts.ts';
import { canRestore, lossByCommands } from '../rdb/commands.ts';
import type { LargeValue, RdbEntry, RdbVisitor } from '../rdb/read-rdb.ts';
import { valueType } from '../rdb/value-types.ts';
import { repeatingAux } from '../repeating-aux.ts';
import { argumentsOf, commandEnd, writeArgument } from './command-bytes.ts';
import { functionFailure, functionType, libraryName, loadLibrary } from './functions.ts';
import { createNameCrc } from './key-sum.ts';
import type { LaneReplies } from './lane.ts';
import { writeLargeValue } from './large-value.ts';
import { openPipelines, type Pipelines } from './pipelines.ts';
import { isOwnKey, unitField } from './receipts.ts';
import { type RestoreStyle, readRestore, restoreRoom, writeRestore } from './restore-command.ts';
import { rewriteValue } from './rewrite-value.ts';
import { callForKey, isRedirect } from './routed-call.ts';
import type { Tally } from './tally.ts';
import type { TargetState } from './target-state.ts';
import { restoreError, type UnitOrder } from './unit-order.ts';

/** How often what is settled is written down, for an attempt that is cut short. */
const checkpointMs = 5_000;

/** Values that are written by commands at the same time. */
const rewritesAtOnce = 64;

/** Turns entries into commands. What is on its way is bounded; a call of `visitor.ready` waits for room. */
export interface UnitWriter {
  readonly visitor: RdbVisitor;
  /** Resolves when everything that was given is in the target; nothing more will come. */
  finish(): Promise<void>;
  /** Ends all waiting with this reason. */
  fail(reason: unknown): void;
  /** The lanes go back; to be called in any case. */
  release(): Promise<void>;
}

export async function openUnitWriter(
  state: TargetState,
  order: UnitOrder,
  tally: Tally,
  signal: AbortSignal,
): Promise<UnitWriter> {
  const { masters, traits } = state;
  const style: RestoreStyle = {
    version: traits.rdbVersion,
    replace: order.existing !== 'skip',
    eviction: state.eviction,
  };
  const crc = createNameCrc();
  const restorable: (boolean | undefined)[] = [];
  const libraries: Uint8Array[] = [];
  /** Values that the target does not take as they are, and commands that belong to another master; both in memory of their own. */
  const rewrites: RdbEntry[] = [];
  let redirected: Uint8Array[] = [];
  /** Of a whole file, the unit of the first database has the functions; they come before it. */
  let areOurs = order.from === null;
  let failure: { readonly reason: unknown } | null = null;
  let now = Date.now();
  let checkpointAt = performance.now() + checkpointMs;

  const fail = (reason: unknown): void => {
    failure ??= { reason };
    pipelines?.fail(failure.reason);
  };

  /** What was refused, to a command that was counted as done. */
  const refused = (reply: RedisError, bytes: Uint8Array, start: number): void => {
    if (isRedirect(reply)) {
      redirected.push(new Uint8Array(bytes.subarray(start, commandEnd(bytes, start))));
      return;
    }
    if (bytes[start + 1] === removeHead[1]) {
      fail(restoreError(reply));
      return;
    }
    const { key, type, expireAt, body } = readRestore(bytes, start);
    crc.of(key);
    if (reply.code === 'BUSYKEY') {
      tally.sumOf(expireAt).remove(crc);
      tally.skipped += 1;
    } else if (/bad data format/i.test(reply.message)) {
      tally.sumOf(expireAt).remove(crc);
      rewrites.push(ownEntry(key, type, expireAt, body));
    } else fail(restoreError(reply));
  };
  const replies: LaneReplies = {
    ok: () => undefined,
    other(reply, bytes, start) {
      if (reply instanceof RedisError) refused(reply, bytes, start);
    },
  };

  let pipelines: Pipelines | null = null;
  pipelines = await openPipelines(masters, order.database, state.lanesPerMaster, replies, signal);
  const pipes: Pipelines = pipelines;

  /** The name under which an entry is to be written; null when it is not. Its CRC is that of `crc`. */
  const keyToWrite = (entry: RdbEntry): Uint8Array | null => {
    if (order.from !== null && entry.database !== order.from) return null;
    tally.rows += 1;
    if (tally.rows <= order.settled) return null;
    const key = order.rename === null ? entry.key : order.rename(entry.key);
    if (isOwnKey(key)) {
      tally.skipped += 1;
      return null;
    }
    crc.of(key);
    if (entry.expireAt < 0 || entry.expireAt > now) return key;
    tally.expired += 1;
    if (order.existing === 'replace') remove(key);
    return null;
  };
  const remove = (key: Uint8Array): void => {
    const lane = pipes.laneOf(key, crc.low);
    const block = lane.open(key.length + 64);
    block.bytes.set(removeHead, block.end);
    lane.added(block, writeArgument(block.bytes, block.end + removeHead.length, key));
  };

  const isRestorable = (type: number): boolean =>
    canRestore(type, order.format, traits) && (type !== valueType.module || mayHaveModules(masters.facts));

  const mend = async (): Promise<void> => {
    const commands = redirected;
    redirected = [];
    for (const command of commands) {
      const args = argumentsOf(command, 0);
      const [reply] = await callForKey(masters, args[1] as Uint8Array, order.database, [args], signal);
      if (reply instanceof RedisError) refused(reply, command, 0);
    }
    if (commands.length > 0) {
      await pipes.settle();
      await pipes.renew(signal);
    }
    while (rewrites.length > 0) {
      const some = rewrites.splice(0, rewritesAtOnce);
      await Promise.all(some.map((entry) => rewriteValue(state, order, tally, entry, signal)));
    }
    if (areOurs) for (const source of libraries.splice(0)) await loadFunctions(source);
  };
  const loadFunctions = async (source: Uint8Array): Promise<void> => {
    const name = libraryName(Buffer.from(source).toString()) ?? '?';
    if (!order.wantsObject({ type: functionType, name })) return;
    const loaded = await loadLibrary(masters, source, order.existing !== 'skip', signal);
    if (loaded.failure !== null) tally.note(functionFailure(source, loaded.failure));
  };
  const settle = async (): Promise<void> => {
    do {
      check();
      await pipes.settle();
      check();
      await mend();
    } while (isOwed());
  };
  const isOwed = (): boolean => redirected.length + rewrites.length > 0 || (areOurs && libraries.length > 0);
  const check = (): void => {
    if (failure !== null) throw failure.reason;
  };
  const checkpoint = async (): Promise<void> => {
    await settle();
    const place = { isDone: false, database: order.database, isAlone: order.existing === 'over' };
    await state.receipts.set(unitField(order.key), JSON.stringify(tally.receipt(place)), signal);
    checkpointAt = performance.now() + checkpointMs;
  };

  const visitor: RdbVisitor = {
    database(database) {
      if (!areOurs && order.from !== database) libraries.length = 0;
      areOurs = true;
    },
    aux(name) {
      if (name === repeatingAux) tally.mayRepeat = true;
    },
    functionLibrary: (source) => void libraries.push(new Uint8Array(source)),
    entry(entry) {
      const key = keyToWrite(entry);
      if (key === null) return;
      const { type, expireAt, body } = entry;
      restorable[type] ??= isRestorable(type);
      if (!restorable[type]) {
        rewrites.push(ownEntry(key, type, expireAt, body));
        return;
      }
      tally.sumOf(expireAt).add(crc);
      const lane = pipes.laneOf(key, crc.low);
      const block = lane.open(restoreRoom(key.length, body.length));
      lane.added(block, writeRestore(block.bytes, block.end, key, entry, style));
    },
    async large(entry: RdbEntry, value: LargeValue) {
      const key = keyToWrite(entry);
      if (key === null) return;
      await settle();
      const own = ownEntry(key, entry.type, entry.expireAt, entry.body);
      crc.of(own.key);
      const lane = pipes.laneOf(own.key, crc.low);
      const written = await writeLargeValue(
        state,
        order,
        style,
        lane,
        { ...own, idle: entry.idle, frequency: entry.frequency },
        value,
        signal,
      );
      if (written === 'skipped') tally.skipped += 1;
      else if (written === 'expired') tally.expired += 1;
      else if (written !== 'written') tally.keyFailed(order.database, own.key, written.failure);
      else {
        const loss = value.kind === 'commands' ? lossByCommands(own.type, order.format, traits) : null;
        if (loss !== null) tally.lost(order, own, loss);
        crc.of(own.key);
        tally.sumOf(own.expireAt).add(crc);
      }
    },
    ready() {
      if (failure !== null) return Promise.reject(failure.reason);
      now = Date.now();
      if (performance.now() > checkpointAt) return checkpoint();
      if (isOwed()) return settle();
      return pipes.room();
    },
  };
  const finish = async (): Promise<void> => {
    areOurs = true;
    await settle();
  };
  return { visitor, finish, fail, release: () => pipes.release() };
}

/** Nothing is known of a server that INFO is refused by. */
const mayHaveModules = ({ version, modules }: ServerFacts): boolean => version === '' || modules.length > 0;

const removeHead = Buffer.from('*2\r\n$6\r\nUNLINK\r\n');

/** An entry whose memory is its own (`slice` of a Buffer would be a view). */
const ownEntry = (key: Uint8Array, type: number, expireAt: number, body: Uint8Array): RdbEntry => ({
  database: 0,
  key: new Uint8Array(key),
  type,
  expireAt,
  idle: -1,
  frequency: -1,
  body: new Uint8Array(body),
});

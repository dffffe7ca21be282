import type { Socket } from 'node:net';
import { abortError } from '../../../core/abort-error.ts';
import type { OperationContext } from '../../../core/context.ts';
import { AppError } from '../../../core/errors.ts';
import { classifyRedisError } from '../classify.ts';
import { type Address, addressText } from '../client/address.ts';
import { connect, type RedisConnection } from '../client/connection.ts';
import { encodeCommand } from '../client/encode-command.ts';
import { RedisError, replyItems, replyText } from '../client/reply.ts';
import { ProtocolError } from '../client/resp-tokens.ts';
import { isAtLeast, type ServerFacts } from '../client/server-facts.ts';
import type { RedisTarget } from '../database-url.ts';
import type { SharedLimits } from './shared-limits.ts';
import { NoHeader, SyncStream } from './sync-stream.ts';

export interface SyncSource {
  readonly target: RedisTarget;
  readonly address: Address;
  readonly facts: Pick<ServerFacts, 'family' | 'version' | 'hasExpiringFields'>;
  readonly databases: readonly number[];
  readonly limits: SharedLimits;
}

/** Of servers that do not tell theirs. */
const usualReplTimeoutMs = 60_000;

/** Reads of Valkey 9: it sends RDB 11 to whom does not tell a version, and its own format otherwise. */
const hasTwoFormats = (facts: SyncSource['facts']): boolean => isAtLeast(facts, { valkey: [9, 0] });

/**
 * Asks a server for a snapshot and waits until it begins to come, which takes 5 s with the usual settings. Throws classified errors; an abort
 * ends the waiting.
 */
export async function openSync(source: SyncSource, context: OperationContext): Promise<SyncStream> {
  const { target, facts, address } = source;
  const server = addressText(address);
  if (!hasTwoFormats(facts)) return attempt(source, false, context);
  if (target.format === 'native') return attempt(source, true, context);
  try {
    // Its child would write all that comes before the first such hash, and end there.
    if (facts.hasExpiringFields) throw new NoHeader(server);
    return await attempt(source, false, context);
  } catch (error) {
    if (!(error instanceof NoHeader) || context.signal.aborted) throw error;
    if (target.format === 'portable') {
      throw new AppError('unsupported', {
        message: `The server ${server} cannot write its data in the format that Redis reads: a hash has fields that expire, perhaps.`,
        hint: 'Use format=native, or leave format out of the database URL; then only Valkey 9 and later can load the file itself.',
        operation: 'ask for a snapshot',
        cause: error,
      });
    }
    context.log.warn(
      `The server ${server} gives no snapshot in the format that Redis reads: it is asked for its own format, which only Valkey ${facts.version} and later load from a file.`,
    );
    return attempt(source, true, context);
  }
}

async function attempt(
  { target, address, facts, databases, limits }: SyncSource,
  isNative: boolean,
  context: OperationContext,
): Promise<SyncStream> {
  const { signal, log } = context;
  const server = addressText(address);
  const leave = await limits.forks(address.host).enter(signal);
  try {
    const connection = await connect(target, address, signal);
    let socket: Socket;
    let replTimeoutMs: number;
    try {
      replTimeoutMs = await askReplTimeout(connection, signal);
      await connection.call(['REPLCONF', 'capa', 'eof', 'rdb-only', 1], signal);
      if (isNative) await connection.call(['REPLCONF', 'version', facts.version], signal);
      socket = connection.detach();
    } catch (error) {
      await connection[Symbol.asyncDispose]();
      throw signal.aborted ? abortError(signal) : classifyRedisError(error, 'ask for a snapshot', server);
    }
    log.info(`Waiting for the snapshot of the server ${server}.`);
    const startedAt = performance.now();
    socket.once('close', leave);
    socket.write(encodeCommand(['SYNC']));
    const { silenceMs } = target;
    const stream = new SyncStream(socket, { server, databases, replTimeoutMs, silenceMs, limits, log });
    await untilBegun(stream, signal);
    log.info(`The snapshot of the server ${server} begins.`, {
      waitedMs: Math.round(performance.now() - startedAt),
    });
    return stream;
  } catch (error) {
    leave();
    throw error;
  }
}

async function untilBegun(stream: SyncStream, signal: AbortSignal): Promise<void> {
  const onAbort = (): void => stream.abandon(abortError(signal));
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await stream.begun;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

async function askReplTimeout(connection: RedisConnection, signal: AbortSignal): Promise<number> {
  try {
    const answer = replyItems(await connection.call(['CONFIG', 'GET', 'repl-timeout'], signal));
    const seconds = Number(replyText(answer[1]));
    return seconds > 0 ? seconds * 1000 : usualReplTimeoutMs;
  } catch (error) {
    // CONFIG is a right of its own.
    if (error instanceof RedisError) return usualReplTimeoutMs;
    throw error;
  }
}

/**
 * Whether the server would give us a snapshot: null, or its refusal, classified. SYNC behind another command is refused with words of its own
 * where everything else is right, so that nothing is started by asking.
 */
export async function syncRefusal(
  target: RedisTarget,
  address: Address,
  signal: AbortSignal,
): Promise<AppError | null> {
  await using connection = await connect(target, address, signal);
  const replies: unknown[] = [];
  const both = Promise.withResolvers<void>();
  connection.onReplies({
    ok(count) {
      for (let each = 0; each < count; each += 1) this.reply('OK');
    },
    reply(reply) {
      replies.push(reply);
      if (replies.length === 2) both.resolve();
    },
  });
  const onClosed = (): void => both.reject(connection.closed.reason);
  connection.closed.addEventListener('abort', onClosed, { once: true });
  const onAbort = (): void => both.reject(abortError(signal));
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const commands = [encodeCommand(['REPLCONF', 'capa', 'eof', 'rdb-only', 1]), encodeCommand(['SYNC'])];
    await connection.send(Buffer.concat(commands), 2);
    await both.promise;
  } catch (error) {
    if (signal.aborted || !(error instanceof AppError)) throw error;
    // The two came apart on their way, and the snapshot has begun: we hang up before the server forks.
    if (replies[0] === 'OK' && error.cause instanceof ProtocolError) return null;
    if (error.code !== 'database-unreachable') throw error;
    return new AppError('unsupported', {
      message: `The server ${addressText(address)} closed the connection when it was asked for a snapshot.`,
      hint: 'A proxy or service that knows no replication stands before it, perhaps.',
      operation: 'ask for a snapshot',
      cause: error,
    });
  } finally {
    connection.closed.removeEventListener('abort', onClosed);
    signal.removeEventListener('abort', onAbort);
  }
  const refusal = replies.find(
    (reply) => reply instanceof RedisError && !/pending output/.test(reply.message),
  );
  return refusal === undefined
    ? null
    : classifyRedisError(refusal, 'ask for a snapshot', addressText(address));
}

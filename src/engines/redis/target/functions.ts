import type { DdlObject } from '../../../core/catalogue.ts';
import type { ApplyFailure } from '../../engine.ts';
import { classifyRedisError } from '../classify.ts';
import { RedisError, type Reply, replyItems, replyText } from '../client/reply.ts';
import type { Masters } from './masters.ts';
import { callAll } from './routed-call.ts';

/** The type of the only objects with a definition: libraries of functions. */
export const functionType = 'FUNCTION';

/** `#!lua name=mylib`: how the source of a library begins. Null: it does not. */
export function libraryName(source: string): string | null {
  const firstLine = /^#![^\n]*/.exec(source)?.[0] ?? '';
  return /^#!\w+\s(?:[^\n]*\s)?name=(\w+)(?:\s|$)/.exec(`${firstLine} `)?.[1] ?? null;
}

/** Why a library could not be loaded; null: it is there. */
export interface LoadedLibrary {
  readonly failure: string | null;
}

/** Loads a library into every master; one of that name that is there gives way, or stays. Throws what is no fault of the library. */
export async function loadLibrary(
  masters: Masters,
  source: Uint8Array | string,
  replace: boolean,
  signal: AbortSignal,
): Promise<LoadedLibrary> {
  for (const address of masters.route.addresses) {
    const connection = await masters.control(address, 0, signal);
    const command = ['FUNCTION', 'LOAD', ...(replace ? ['REPLACE'] : []), source];
    const [reply] = await callAll(connection, [command], signal);
    const failure = reply instanceof RedisError ? whyNot(reply, replace) : null;
    if (failure !== null) return { failure };
  }
  return { failure: null };
}

function whyNot(reply: RedisError, replace: boolean): string | null {
  if (!replace && /library '?[^']*'? already exists/i.test(reply.message)) return null;
  if (/unknown command/i.test(reply.message)) {
    return 'The target has no functions: these came with Redis 7.0. Its keys are written all the same.';
  }
  if (reply.code !== 'ERR' && reply.code !== 'NOPERM') throw classifyRedisError(reply, 'load functions');
  const { message, hint } = classifyRedisError(reply, 'load functions');
  return reply.code === 'NOPERM' ? `${message} ${hint} (+function|load)` : message;
}

/** The names of the libraries that the target has; none where it knows no functions. */
export async function libraryNames(masters: Masters, signal: AbortSignal): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  for (const address of masters.route.addresses) {
    const connection = await masters.control(address, 0, signal);
    const [reply] = await callAll(connection, [['FUNCTION', 'LIST']], signal);
    if (reply instanceof RedisError) {
      if (/unknown command/i.test(reply.message) || reply.code === 'NOPERM') continue;
      throw classifyRedisError(reply, 'list functions');
    }
    for (const library of replyItems(reply)) names.add(nameIn(library));
  }
  return names;
}

/** Of `library_name`, `mylib`, `engine`, `LUA` ... */
function nameIn(library: Reply): string {
  const items = replyItems(library).map(replyText);
  return items[items.indexOf('library_name') + 1] ?? '';
}

export const functionFailure = (source: Uint8Array, message: string): ApplyFailure => ({
  object: { type: functionType, schema: null, name: libraryName(Buffer.from(source).toString()) ?? '?' },
  message,
});

/** Whether an object is a library that the target has. */
export const isLibrary = ({ type }: Pick<DdlObject, 'type'>): boolean => type === functionType;

import type { OperationContext } from '../../core/context.ts';
import { toAppError } from '../../core/errors.ts';
import type { StoragePlace } from '../storage.ts';
import { type Authorise, openWebClient, type WebClient } from './client.ts';

/** Runs the calls of a storage: with a client for each, so that only AppErrors leave them and an abort counts more than the error it led to. */
export interface WebCalls {
  once<T>(
    context: OperationContext,
    work: (client: WebClient, signal: AbortSignal) => Promise<T>,
  ): Promise<T>;
  stream<T>(
    context: OperationContext,
    open: (client: WebClient, signal: AbortSignal) => AsyncIterable<T>,
  ): AsyncGenerator<T>;
}

export function webCalls(place: StoragePlace, authorise: Authorise): WebCalls {
  const failure = (error: unknown, { signal }: OperationContext): Error =>
    toAppError(signal.aborted ? signal.reason : error);
  return {
    async once(context, work) {
      try {
        context.signal.throwIfAborted();
        using client = openWebClient(place, authorise);
        return await work(client, context.signal);
      } catch (error) {
        throw failure(error, context);
      }
    },
    async *stream(context, open) {
      try {
        context.signal.throwIfAborted();
        using client = openWebClient(place, authorise);
        yield* open(client, context.signal);
      } catch (error) {
        throw failure(error, context);
      }
    },
  };
}

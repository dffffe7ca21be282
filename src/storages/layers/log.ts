import type { OperationContext } from '../../core/context.ts';
import { toAppError } from '../../core/errors.ts';
import type { Storage } from '../storage.ts';

/** Notes each call at the storage: what, which file, how long, how many bytes, how it ended. Names and codes only, so no secrets. */
export function withLog(storage: Storage): Storage {
  const noting = (operation: string, name: string, context: OperationContext) => {
    const started = performance.now();
    return (facts: Readonly<Record<string, unknown>>): void =>
      context.log.debug(`storage ${operation}`, {
        storage: storage.description,
        name,
        ms: Math.round(performance.now() - started),
        ...facts,
      });
  };

  const call = async <T>(
    operation: string,
    name: string,
    context: OperationContext,
    work: () => Promise<T>,
    facts: (result: T) => Readonly<Record<string, unknown>> = () => ({}),
  ): Promise<T> => {
    const note = noting(operation, name, context);
    try {
      const result = await work();
      note(facts(result));
      return result;
    } catch (error) {
      note({ failed: toAppError(error).code });
      throw error;
    }
  };

  async function* iterate<T>(
    operation: string,
    name: string,
    context: OperationContext,
    items: AsyncIterable<T>,
    sizeOf: (item: T) => Readonly<Record<string, number>>,
  ): AsyncGenerator<T> {
    const note = noting(operation, name, context);
    const totals: Record<string, number> = {};
    let outcome: Readonly<Record<string, unknown>> = { ended: 'early' };
    try {
      for await (const item of items) {
        for (const [key, size] of Object.entries(sizeOf(item))) totals[key] = (totals[key] ?? 0) + size;
        yield item;
      }
      outcome = {};
    } catch (error) {
      outcome = { failed: toAppError(error).code };
      throw error;
    } finally {
      note({ ...totals, ...outcome });
    }
  }

  return {
    description: storage.description,
    keeps: storage.keeps,
    lists: storage.lists,
    put: (name, source, options, context) =>
      call(
        'put',
        name,
        context,
        () => storage.put(name, source, options, context),
        ({ bytes }) => ({ bytes }),
      ),
    get: (name, range, context) =>
      iterate('get', name, context, storage.get(name, range, context), (chunk) => ({ bytes: chunk.length })),
    stat: (name, context) => call('stat', name, context, () => storage.stat(name, context)),
    list: (prefix, context) =>
      iterate('list', prefix, context, storage.list(prefix, context), () => ({ files: 1 })),
    remove: (name, context) => call('remove', name, context, () => storage.remove(name, context)),
    sweep: (prefix, context) => call('sweep', prefix, context, () => storage.sweep(prefix, context)),
    freeBytes: (context) => call('free space', '', context, () => storage.freeBytes(context)),
    probe: (context) => call('probe', '', context, () => storage.probe(context)),
  };
}

import { releaseChunk } from '../../base/release-chunk.ts';
import type { OperationContext } from '../../core/context.ts';
import { AppError, toAppError } from '../../core/errors.ts';
import { checkFileName } from '../file-name.ts';
import type { ByteSource, Storage, StorageDriver } from '../storage.ts';

/**
 * Takes everything and throws it away, `null:`. For rehearsals: how fast can a database be read, and does every table let itself be read?
 * Nothing is ever there.
 */
export const nullDriver: StorageDriver = {
  schemes: ['null'],
  example: 'null:',
  options: [],
  credentialTypes: [],
  open({ url }) {
    if (url.href === 'null:') return nullStorage;
    throw new AppError('location-invalid', {
      message: `The storage URL ${JSON.stringify(url.href)} says more than null:, and there is only one such place.`,
      hint: 'Give null: alone to have everything thrown away.',
    });
  },
};

const nullStorage: Storage = {
  description: 'null:',
  keeps: false,
  lists: true,

  async put(name, source, _options, context) {
    checkFileName(name);
    return { bytes: await swallow(source, context) };
  },

  async *get(name) {
    yield await missing(name);
  },

  async stat(name) {
    checkFileName(name);
    return null;
  },

  async *list() {},

  async remove(name) {
    checkFileName(name);
  },

  async sweep() {},

  freeBytes: () => Promise.resolve(null),

  async probe() {},
};

async function missing(name: string): Promise<never> {
  checkFileName(name);
  throw new AppError('file-missing', {
    message: `${name} does not exist: null: keeps nothing.`,
    operation: 'get',
  });
}

async function swallow(source: ByteSource, { signal }: OperationContext): Promise<number> {
  let bytes = 0;
  try {
    for await (const chunk of source.open(signal)) {
      signal.throwIfAborted();
      bytes += chunk.length;
      releaseChunk(chunk);
    }
    signal.throwIfAborted();
  } catch (error) {
    // An abort counts more than the error that it led to.
    if (signal.aborted) throw toAppError(signal.reason);
    throw error;
  }
  return bytes;
}

import { randomBytes } from 'node:crypto';
import type { OperationContext } from '../../core/context.ts';
import { AppError } from '../../core/errors.ts';
import type { Storage } from '../storage.ts';

/** The `probe` of a storage, made of its other calls: writes a small file of a random name, reads it back and removes it. */
export async function probeStorage(storage: Storage, context: OperationContext): Promise<void> {
  const name = `pumphouse-probe-${randomBytes(6).toString('hex')}`;
  const content = randomBytes(64);
  const source = { open: () => once(Buffer.from(content)) };
  await storage.put(name, source, { ifExists: 'fail', expectedBytes: content.length }, context);
  try {
    const read: Uint8Array[] = [];
    for await (const chunk of storage.get(name, null, context)) read.push(chunk);
    if (!Buffer.concat(read).equals(content)) {
      throw new AppError('storage-failed', {
        message: `${storage.description} does not give back what was written to it.`,
        operation: 'probe',
      });
    }
  } finally {
    await storage.remove(name, context);
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

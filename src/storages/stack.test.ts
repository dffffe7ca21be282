import assert from 'node:assert/strict';
import test from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { bytesSource, readAll } from '../../test/harness/byte-sources.ts';
import { failingStorage, silentStorage } from '../../test/harness/fault-storage.ts';
import { bareLocal } from '../../test/harness/local-storage.ts';
import { recordingContext } from '../../test/harness/recording-context.ts';
import { withFolder } from '../../test/harness/with-folder.ts';
import { createNetwork } from '../network/create-network.ts';
import { createLimit } from './layers/limit.ts';
import { localDriver } from './local/driver.ts';
import { createStorageStack, defaultLayerOptions, stackStorage } from './stack.ts';
import type { StorageDriver } from './storage.ts';

const quick = {
  retry: { attempts: 3, firstDelayMs: 1, maxDelayMs: 1 },
  limit: { concurrency: 1, bytesPerSecond: null },
  timeout: { silenceMs: 30, commitMs: 30, graceMs: 5 },
};

test('the stack opens URLs of its drivers and names them when a scheme is unknown', () => {
  const stack = createStorageStack({ drivers: [localDriver], network: createNetwork({ allow: [] }) });
  assert.equal(stack.open(new URL('file:///var/dumps'), null).description, 'file:///var/dumps');
  assert.throws(() => stack.open(new URL('s3://bucket/x'), null), {
    code: 'location-invalid',
    message: /s3:/,
    hint: /file:/,
  });
});

test('each try is logged, limited and timed by itself', () =>
  withFolder(async (folder) => {
    const context = recordingContext();
    const local = bareLocal(folder);
    await local.put('x', bytesSource(Buffer.alloc(1000)), { ifExists: 'fail' }, context);
    const silent = stackStorage(silentStorage(local, 0), quick, createLimit(quick.limit));
    await assert.rejects(readAll(silent.get('x', { start: 0, end: 9 }, context)), {
      code: 'storage-timeout',
    });
    const gets = context.lines.filter(({ message }) => message === 'storage get');
    assert.deepEqual(
      gets.map(({ data }) => data.failed),
      ['storage-timeout', 'storage-timeout', 'storage-timeout'],
    );
  }));

test('what is temporary heals behind the stack', () =>
  withFolder(async (folder) => {
    const context = recordingContext();
    const local = bareLocal(folder);
    const faulty = failingStorage(local, { times: 2, afterBytes: 100_000 });
    const storage = stackStorage(
      faulty,
      { ...quick, timeout: defaultLayerOptions.timeout },
      createLimit(quick.limit),
    );
    const bytes = Buffer.alloc(500_000, 'abc');
    await storage.put('x', bytesSource(bytes), { ifExists: 'fail' }, context);
    assert.deepEqual(await readAll(storage.get('x', null, context)), bytes);
    assert.equal(faulty.failures, 2);
  }));

test('calls at once: as the option says, else as the kind of storage takes well, else the number of the layers', () =>
  withFolder(async (folder) => {
    const network = createNetwork({ allow: [] });
    const mostOf = async (own: number | undefined, option: number | null): Promise<number> => {
      let [running, most] = [0, 0];
      const driver: StorageDriver = {
        ...localDriver,
        ...(own === undefined ? {} : { concurrency: own }),
        open: (place) => ({
          ...localDriver.open(place),
          async stat() {
            running += 1;
            most = Math.max(most, running);
            await turn();
            running -= 1;
            return null;
          },
        }),
      };
      const stack = createStorageStack({
        drivers: [driver],
        network,
        concurrency: option,
        options: { ...quick, limit: { concurrency: 5, bytesPerSecond: null } },
      });
      // One limit for all places of the kind.
      const storages = Array.from({ length: 20 }, () => stack.open(pathToFileURL(folder), null));
      await Promise.all(storages.map((storage) => storage.stat('x', recordingContext())));
      return most;
    };
    assert.equal(await mostOf(undefined, null), 5);
    assert.equal(await mostOf(3, null), 3);
    assert.equal(await mostOf(3, 7), 7);
    assert.equal(await mostOf(undefined, 1), 1);
  }));

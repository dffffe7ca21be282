import assert from 'node:assert/strict';
import test from 'node:test';
import { pathToFileURL } from 'node:url';
import { bytesSource, readAll } from '../../test/harness/byte-sources.ts';
import { failingStorage, silentStorage } from '../../test/harness/fault-storage.ts';
import { recordingContext } from '../../test/harness/recording-context.ts';
import { withFolder } from '../../test/harness/with-folder.ts';
import { createLimit } from './layers/limit.ts';
import { localDriver } from './local/driver.ts';
import { createStorageStack, defaultLayerOptions, stackStorage } from './stack.ts';

const quick = {
  retry: { attempts: 3, firstDelayMs: 1, maxDelayMs: 1 },
  limit: { concurrency: 1, bytesPerSecond: null },
  timeout: { silenceMs: 30, commitMs: 30, graceMs: 5 },
};

test('the stack opens URLs of its drivers and names them when a scheme is unknown', () => {
  const stack = createStorageStack({ drivers: [localDriver] });
  assert.equal(stack.open(new URL('file:///var/dumps')).description, 'file:///var/dumps');
  assert.throws(() => stack.open(new URL('s3://bucket/x')), {
    code: 'location-invalid',
    message: /s3:/,
    hint: /file:/,
  });
});

test('each try is logged, limited and timed by itself', () =>
  withFolder(async (folder) => {
    const context = recordingContext();
    const local = localDriver.open(pathToFileURL(folder));
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
    const local = localDriver.open(pathToFileURL(folder));
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

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  bytesSource,
  failingSource,
  listAll,
  readAll,
  stuckSource,
} from '../../../test/harness/byte-sources.ts';
import { placeAt } from '../../../test/harness/local-storage.ts';
import { recordingContext } from '../../../test/harness/recording-context.ts';
import { nullDriver } from './driver.ts';

const storage = nullDriver.open(placeAt(new URL('null:')));
const context = recordingContext();
const fail = { ifExists: 'fail' } as const;

describe('null driver', () => {
  it('takes a file, tells its size, and has nothing afterwards', async () => {
    assert.deepEqual(await storage.put('a/x', bytesSource(Buffer.alloc(200_001)), fail, context), {
      bytes: 200_001,
    });
    assert.equal(await storage.stat('a/x', context), null);
    assert.deepEqual(await listAll(storage.list('', context)), []);
    await assert.rejects(readAll(storage.get('a/x', null, context)), { code: 'file-missing' });
    await storage.remove('a/x', context);
    await storage.sweep('', context);
    await storage.probe(context);
    assert.equal(await storage.freeBytes(context), null);
    assert.equal(storage.keeps, false);
  });

  it('takes the same name again, since the first is gone', async () => {
    for (const _ of [1, 2]) await storage.put('x', bytesSource(Buffer.alloc(5)), fail, context);
  });

  it('passes on what the source throws, and ends with an abort', async () => {
    const failure = new Error('no more');
    await assert.rejects(storage.put('x', failingSource(Buffer.alloc(9), failure), fail, context), failure);
    const stopper = new AbortController();
    const source = stuckSource(Buffer.alloc(9));
    const putting = storage.put('x', source, fail, { ...context, signal: stopper.signal });
    await source.reached;
    stopper.abort();
    await assert.rejects(putting, { code: 'aborted' });
  });

  it('refuses names and URLs like any other', async () => {
    const refused = { code: 'file-name-invalid' };
    await assert.rejects(storage.put('../x', bytesSource(Buffer.alloc(1)), fail, context), refused);
    await assert.rejects(readAll(storage.get('/x', null, context)), refused);
    await assert.rejects(storage.stat('a//b', context), refused);
    await assert.rejects(storage.remove('', context), refused);
    for (const url of ['null:/tmp', 'null://host', 'null:?a', 'null:x']) {
      assert.throws(() => nullDriver.open(placeAt(new URL(url))), {
        code: 'location-invalid',
        message: /null:/,
      });
    }
  });
});

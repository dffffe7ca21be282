import assert from 'node:assert/strict';
import test from 'node:test';
import { bytesSource, listAll, readAll } from '../../../test/harness/byte-sources.ts';
import { bareLocal } from '../../../test/harness/local-storage.ts';
import { recordingContext } from '../../../test/harness/recording-context.ts';
import { withFolder } from '../../../test/harness/with-folder.ts';
import { withLog } from './log.ts';

test('the log layer notes each call with name, bytes and outcome', () =>
  withFolder(async (folder) => {
    const storage = withLog(bareLocal(folder));
    const context = recordingContext();
    const bytes = Buffer.alloc(300_000);
    await storage.probe(context);
    await storage.put('x', bytesSource(bytes), { ifExists: 'fail' }, context);
    await assert.rejects(storage.put('x', bytesSource(bytes), { ifExists: 'fail' }, context));
    await readAll(storage.get('x', null, context));
    for await (const _ of storage.get('x', { start: 0, end: 9 }, context)) break;
    await assert.rejects(readAll(storage.get('y', null, context)));
    await storage.stat('x', context);
    await listAll(storage.list('', context));
    await storage.remove('x', context);
    await storage.sweep('', context);
    const told = context.lines.map(({ level, message, data: { storage: where, ms, ...data } }) => {
      assert.equal(where, storage.description);
      assert.equal(typeof ms, 'number');
      return [level, message, data];
    });
    assert.deepEqual(told, [
      ['debug', 'storage probe', { name: '' }],
      ['debug', 'storage put', { name: 'x', bytes: 300_000 }],
      ['debug', 'storage put', { name: 'x', failed: 'file-exists' }],
      ['debug', 'storage get', { name: 'x', bytes: 300_000 }],
      ['debug', 'storage get', { name: 'x', bytes: 10, ended: 'early' }],
      ['debug', 'storage get', { name: 'y', failed: 'file-missing' }],
      ['debug', 'storage stat', { name: 'x' }],
      ['debug', 'storage list', { name: '', files: 1 }],
      ['debug', 'storage remove', { name: 'x' }],
      ['debug', 'storage sweep', { name: '' }],
    ]);
  }));

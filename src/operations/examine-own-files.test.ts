import assert from 'node:assert/strict';
import test from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createKeyedEngine } from '../../test/harness/keyed-engine.ts';
import { recordingContext } from '../../test/harness/recording-context.ts';
import { AppError } from '../core/errors.ts';
import type { Engine } from '../engines/engine.ts';
import type { TaskContext } from '../jobs/handler.ts';
import { examineOwnFiles } from './examine-own-files.ts';
import type { FileReader } from './own-file-storage.ts';

test('an engine that stops at the first bytes leaves no file open', async () => {
  let isOpen = false;
  const storage: FileReader = {
    stat: async (name) => ({ name, bytes: 10 }),
    async *get() {
      isOpen = true;
      try {
        yield Buffer.from('begin');
        yield Buffer.from('never');
      } finally {
        isOpen = false;
      }
    },
  };
  const engine: Engine = {
    ...createKeyedEngine().engine,
    examineFile: async (bytes) => {
      for await (const _ of bytes) throw new AppError('dump-damaged', { message: 'This is no slate.' });
      throw new Error('The file is empty.');
    },
  };
  const file = { location: { type: 'directory', directory: 'D' }, file: 'a.slate' } as const;
  const context = { ...recordingContext(), progress: () => undefined, note: async () => undefined };
  const examined = examineOwnFiles(engine, [file], storage, context as unknown as TaskContext);
  await assert.rejects(examined, { code: 'dump-damaged', message: 'a.slate: This is no slate.' });
  await nextTurn();
  assert.equal(isOpen, false);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordingContext } from '../../test/harness/recording-context.ts';
import { AppError, toErrorRecord } from '../core/errors.ts';
import type { ManifestTable } from '../core/manifest.ts';
import { refuseTooLarge } from './refuse-too-large.ts';

const unit = (file: string, offset: number, rawBytes: number) => ({ file, offset, rawBytes });
const tables = [
  { units: [unit('a.own', 0, 600), unit('b.own', 0, 300)] },
  // Another part of the same file, read as a whole.
  { units: [unit('a.own', 0, 600)] },
] as unknown as readonly ManifestTable[];
const whole = { erase: true, selection: null, content: 'all' } as const;
const context = recordingContext();
const holding = (limit: number | null) => ({ capacity: async () => limit });

test('what is larger than all that the target can hold erases nothing', async () => {
  await refuseTooLarge(holding(900), whole, tables, context);
  await assert.rejects(refuseTooLarge(holding(899), whole, tables, context), (error: unknown) => {
    assert.ok(error instanceof AppError);
    assert.deepEqual([error.code, error.temporary], ['database-full', false]);
    assert.deepEqual(toErrorRecord(error).figures, { expected: 900, limit: 899 });
    return true;
  });
});

test('nothing is refused that may fit', async () => {
  await refuseTooLarge(holding(null), whole, tables, context);
  await refuseTooLarge({}, whole, tables, context);
  await refuseTooLarge(holding(1), { ...whole, erase: false }, tables, context);
  await refuseTooLarge(holding(1), { ...whole, content: 'metadata_only' }, tables, context);
  const selection = {
    mode: 'full',
    nameExpressions: [],
    schemaExpressions: [],
    tablespaceExpressions: [],
  } as const;
  await refuseTooLarge(holding(1), { ...whole, selection }, tables, context);
});

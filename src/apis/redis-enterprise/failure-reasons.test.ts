import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ErrorCode } from '../../core/error-catalogue.ts';
import { exportReason, importReason } from './failure-reasons.ts';

const exported: readonly (readonly [ErrorCode, string])[] = [
  ['database-refused', 'no-permission'],
  ['database-privilege', 'no-permission'],
  ['storage-denied', 'no-permission'],
  ['bucket-missing', 'wrong-file-path'],
  ['directory-unknown', 'wrong-file-path'],
  ['file-missing', 'wrong-file-path'],
  ['file-name-invalid', 'wrong-file-path'],
  ['storage-unreachable', 'general-error'],
  ['storage-full', 'general-error'],
  ['database-unreachable', 'general-error'],
  ['internal', 'general-error'],
];
const imported: readonly (readonly [ErrorCode, string, string])[] = [
  ['storage-denied', '', 'download-error'],
  ['storage-unreachable', '', 'download-error'],
  ['file-missing', '', 'download-error'],
  ['file-name-invalid', '', 'download-error'],
  ['dump-damaged', '', 'file-corrupted'],
  ['dump-truncated', '', 'file-corrupted'],
  ['dump-not-a-dump', '', 'file-corrupted'],
  ['database-full', '', 'out-of-memory'],
  ['database-statement', 'Protocol error: invalid bulk length.', 'invalid-bulk-length'],
  ['database-statement', 'The key is too long.', 'key-too-long'],
  [
    'database-statement',
    "KEY db0.a failed: OOM command not allowed when used memory > 'maxmemory'.",
    'out-of-memory',
  ],
  ['database-statement', 'syntax error', 'general-error'],
  ['database-refused', '', 'general-error'],
  ['internal', 'invalid bulk length', 'general-error'],
];

test('each error of an export is one of three reasons', () => {
  for (const [code, reason] of exported) assert.equal(exportReason({ code }), reason, code);
});

test('each error of an import is one of seven', () => {
  for (const [code, message, reason] of imported) assert.equal(importReason({ code, message }), reason, code);
  const tooLarge = { code: 'database-full', message: '', figures: { expected: 900, limit: 500 } } as const;
  assert.equal(importReason(tooLarge), 'file-larger-than-mem-limit:900:500');
});

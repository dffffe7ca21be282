import assert from 'node:assert/strict';
import { it } from 'node:test';
import { sizeText } from './size-text.ts';

it('sizeText says sizes in powers of 1024', () => {
  const shown = [0, 1, 1023, 1024, 1.5 * 1024 ** 2, 67.8 * 1024 ** 3, 5 * 1024 ** 5].map(sizeText);
  assert.deepEqual(shown, ['0 bytes', '1 bytes', '1023 bytes', '1.0 KB', '1.5 MB', '67.8 GB', '5120.0 TB']);
});

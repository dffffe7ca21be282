import assert from 'node:assert/strict';
import { it } from 'node:test';
import { parseSize, sizeText } from './size-text.ts';

it('sizeText says sizes in powers of 1024', () => {
  const shown = [0, 1, 1023, 1024, 1.5 * 1024 ** 2, 67.8 * 1024 ** 3, 5 * 1024 ** 5].map(sizeText);
  assert.deepEqual(shown, ['0 bytes', '1 bytes', '1023 bytes', '1.0 KB', '1.5 MB', '67.8 GB', '5120.0 TB']);
});

it('parseSize reads sizes in powers of 1024, and nothing else', () => {
  const sizes = ['1048576', '500M', '500 MB', '1.5GiB', '5gb', '2T', '7B'].map(parseSize);
  const [mega, giga] = [1024 ** 2, 1024 ** 3];
  assert.deepEqual(sizes, [mega, 500 * mega, 500 * mega, 1.5 * giga, 5 * giga, 2048 * giga, 7]);
  for (const text of ['', 'M', '-1', '1 000', '5X', '5 G B', '0.3B', '1e3', '999999999999999T'])
    assert.equal(parseSize(text), null, text);
});

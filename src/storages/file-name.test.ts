import assert from 'node:assert/strict';
import test from 'node:test';
import { checkFileName } from './file-name.ts';

const good = [
  'a',
  'EXPDAT01.DMP',
  'job/data/public.t.0001.text.zst',
  '.hidden',
  'a..b',
  '...',
  'ü ß',
  'n'.repeat(255),
  '.part',
  'x.part',
];
const bad: Readonly<Record<string, RegExp>> = {
  '': /is empty/,
  '/a': /absolute/,
  '..': /part \.\./,
  'a/../b': /part \.\./,
  './a': /part \./,
  'a/': /empty part/,
  'a//b': /empty part/,
  'a\\b': /backslash/,
  'a\u0000': /control character/,
  'a\u007f': /control character/,
  'a\ud800': /Unicode/,
  ['n'.repeat(256)]: /longer than 255/,
  ['ß'.repeat(128)]: /longer than 255/,
  [`${'n/'.repeat(600)}n`]: /longer than 1024/,
  '.x.part': /unfinished uploads/,
  'a/.x.0123.part': /unfinished uploads/,
};

test('checkFileName lets plain relative names through', () => {
  for (const name of good) checkFileName(name);
});

test('checkFileName refuses what could leave the base or be taken for something else', () => {
  for (const [name, message] of Object.entries(bad)) {
    assert.throws(() => checkFileName(name), { code: 'file-name-invalid', message });
  }
});

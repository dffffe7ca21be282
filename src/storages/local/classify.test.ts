import assert from 'node:assert/strict';
import test from 'node:test';
import { AppError } from '../../core/errors.ts';
import { classify, type LocalOperation } from './classify.ts';

const cases: readonly (readonly [string, LocalOperation, string, boolean, RegExp])[] = [
  ['ENOENT', 'get', 'file-missing', false, /\/dumps\/x does not exist\./],
  ['ENOENT', 'put', 'storage-unwritable', false, /\/dumps\/x cannot be made/],
  ['EEXIST', 'put', 'file-exists', false, /exists already/],
  ['ENOSPC', 'put', 'storage-full', false, /disk is full/],
  ['EDQUOT', 'put', 'storage-full', false, /quota/],
  ['EFBIG', 'put', 'storage-unwritable', false, /larger than the file system takes/],
  ['EROFS', 'put', 'storage-unwritable', false, /read-only/],
  ['EACCES', 'put', 'storage-unwritable', false, /may not be accessed/],
  ['EPERM', 'remove', 'storage-unwritable', false, /may not be accessed/],
  ['EACCES', 'get', 'storage-failed', false, /may not be read/],
  ['EPERM', 'list', 'storage-failed', false, /may not be read/],
  ['EISDIR', 'put', 'file-exists', false, /is a folder/],
  ['ENOTEMPTY', 'put', 'file-exists', false, /folder with files/],
  ['ENOTDIR', 'put', 'storage-failed', false, /a file where a folder is needed/],
  ['ENAMETOOLONG', 'put', 'file-name-invalid', false, /too long a name/],
  ['ELOOP', 'get', 'storage-failed', false, /loop/],
  ['EMFILE', 'get', 'storage-failed', true, /too many open files/],
  ['ENFILE', 'get', 'storage-failed', true, /too many open files/],
  ['EBUSY', 'remove', 'storage-failed', true, /in use/],
  ['EAGAIN', 'get', 'storage-failed', true, /for the moment/],
  ['EIO', 'get', 'storage-failed', true, /input\/output error/],
  ['ESTALE', 'get', 'storage-failed', true, /network file system/],
  ['ETIMEDOUT', 'get', 'storage-timeout', true, /does not answer/],
  ['EWHATEVER', 'get', 'storage-failed', false, /\/dumps\/x: something odd\./],
];

for (const [errno, operation, code, temporary, message] of cases) {
  test(`${errno} of ${operation} is ${code}`, () => {
    const cause = Object.assign(new Error('something odd'), { code: errno });
    const error = classify(cause, operation, '/dumps/x');
    assert.equal(error.code, code);
    assert.equal(error.temporary, temporary);
    assert.match(error.message, message);
    assert.equal(error.operation, operation);
    assert.equal(error.context.errno, errno);
    assert.equal(error.cause, cause);
    assert.notEqual(error.hint, '');
  });
}

test('an AppError stays as it is, an abort is one, anything else is storage-failed', () => {
  const own = new AppError('file-exists', { message: 'It is there.' });
  assert.equal(classify(own, 'put', 'x'), own);
  assert.equal(classify(new DOMException('stop', 'AbortError'), 'put', 'x').code, 'aborted');
  assert.equal(classify('a text', 'put', 'x').message, 'x: a text.');
});

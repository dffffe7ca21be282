import assert from 'node:assert/strict';
import test from 'node:test';
import { AppError } from '../../core/errors.ts';
import { classify, type FtpOperation } from './classify.ts';
import { FtpRefusal } from './reply.ts';

const subject = 'ftp://user@host/x';

const cases: readonly (readonly [number, string, string, FtpOperation, string, boolean])[] = [
  [421, 'Service not available', 'SIZE', 'stat', 'storage-unreachable', true],
  [421, 'There are too many connected users', '', 'log in', 'storage-throttled', true],
  [421, 'Too many connections', 'STOR', 'put', 'storage-throttled', true],
  [425, "Can't open data connection", 'STOR', 'put', 'storage-unreachable', true],
  [426, 'Transfer aborted', 'RETR', 'get', 'storage-unreachable', true],
  [430, 'Invalid username or password', 'PASS', 'log in', 'storage-denied', false],
  [450, '/x: No such file or directory', 'RETR', 'get', 'file-missing', false],
  [450, 'File busy', 'RETR', 'get', 'storage-failed', true],
  [451, 'Local error in processing', 'STOR', 'put', 'storage-failed', true],
  [451, 'x: No space left on device', 'STOR', 'put', 'storage-full', false],
  [451, 'Transfer aborted. Input/output error', 'STOR', 'put', 'storage-full', false],
  [451, 'Transfer aborted. Input/output error', 'RETR', 'get', 'storage-failed', true],
  [452, 'Insufficient storage space', 'STOR', 'put', 'storage-full', false],
  [500, 'Unknown command', 'SIZE', 'stat', 'unsupported', false],
  [500, 'AUTH not understood', 'AUTH', 'log in', 'storage-failed', false],
  [502, 'Command not implemented', 'REST', 'get', 'unsupported', false],
  [530, 'Login incorrect.', 'PASS', 'log in', 'storage-denied', false],
  [
    530,
    'Sorry, the maximum number of clients (5) are already connected',
    'PASS',
    'log in',
    'storage-throttled',
    true,
  ],
  [530, 'Please login with USER and PASS', 'STOR', 'put', 'storage-denied', false],
  [550, 'SSL/TLS required on the control channel', 'USER', 'log in', 'storage-denied', false],
  [534, 'Policy requires SSL', 'USER', 'log in', 'storage-denied', false],
  [522, 'Data connections must be encrypted', 'STOR', 'put', 'storage-denied', false],
  [534, 'Unwilling to accept PROT P', 'PROT', 'log in', 'storage-failed', false],
  [550, 'x: No such file or directory', 'RETR', 'get', 'file-missing', false],
  [550, 'Failed to open file.', 'RETR', 'get', 'file-missing', false],
  [550, 'x: Permission denied', 'RETR', 'get', 'storage-denied', false],
  [550, 'x: Operation not permitted', 'STOR', 'put', 'storage-denied', false],
  [550, 'x: No such file or directory', 'STOR', 'put', 'storage-unwritable', false],
  [550, 'x: Not a directory', 'STOR', 'put', 'storage-unwritable', false],
  [550, 'x: Is a directory', 'RNTO', 'put', 'file-exists', false],
  [550, 'Quota exceeded', 'STOR', 'put', 'storage-full', false],
  [552, 'Transfer aborted. Disk quota exceeded', 'STOR', 'put', 'storage-full', false],
  [553, 'Could not create file: access denied', 'STOR', 'put', 'storage-denied', false],
  [553, 'File name not valid', 'STOR', 'put', 'storage-failed', false],
];

for (const [code, words, verb, operation, expected, temporary] of cases) {
  test(`${code} ${words} (${verb} of ${operation}) is ${expected}`, () => {
    const cause = new FtpRefusal({ code, words }, verb);
    const error = classify(cause, operation, subject);
    assert.equal(error.code, expected);
    assert.equal(error.temporary, temporary);
    assert.ok(error.message.startsWith(`${subject} `), error.message);
    assert.ok(error.message.endsWith(`(${code} ${words.replace(/\.$/, '')}).`), error.message);
    assert.equal(error.operation, operation);
    assert.deepEqual(error.context, { code, command: verb });
    assert.equal(error.cause, cause);
    assert.notEqual(error.hint, '');
  });
}

test('an answer of several lines becomes one sentence', () => {
  const error = classify(new FtpRefusal({ code: 530, words: 'No.\nReally not.' }, 'PASS'), 'log in', subject);
  assert.match(error.message, /\(530 No\. Really not\)\.$/);
});

test('an AppError stays as it is, an abort is one, anything else is storage-failed', () => {
  const own = new AppError('file-exists', { message: 'It is there.' });
  assert.equal(classify(own, 'put', subject), own);
  assert.equal(classify(new DOMException('stop', 'AbortError'), 'put', subject).code, 'aborted');
  assert.equal(classify('a text', 'put', subject).message, `${subject}: a text.`);
});

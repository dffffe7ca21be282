import assert from 'node:assert/strict';
import test from 'node:test';
import { AppError } from '../../core/errors.ts';
import type { FolderOperation } from '../blocks/served-folder.ts';
import { classify, classifyConnection } from './classify.ts';
import { SftpStatus } from './status.ts';

const subject = 'sftp://user@host/x';

const cases: readonly (readonly [number, string, FolderOperation, string, boolean, RegExp])[] = [
  [2, 'No such file', 'get', 'file-missing', false, /does not exist \(SFTP status 2: No such file\)\.$/],
  [2, 'No such file', 'put', 'storage-unwritable', false, /none can be made/],
  [3, 'Permission denied', 'put', 'storage-denied', false, /may not be accessed/],
  [3, 'Permission denied', 'list', 'storage-denied', false, /may not be accessed/],
  [4, 'Failure', 'put', 'storage-failed', false, /failure of the server \(SFTP status 4: Failure\)/],
  [4, 'No space left on device', 'put', 'storage-full', false, /disk of the server is full/],
  [
    4,
    'Disk quota exceeded.',
    'put',
    'storage-full',
    false,
    /quota is used up \(SFTP status 4: Disk quota exceeded\)/,
  ],
  [5, 'Bad message', 'put', 'storage-failed', false, /Bad message/],
  [6, 'No connection', 'get', 'storage-unreachable', true, /has lost it/],
  [7, 'Connection lost', 'get', 'storage-unreachable', true, /has lost it/],
  [8, 'Operation unsupported', 'put', 'unsupported', false, /cannot do/],
  [10, 'No such path', 'get', 'file-missing', false, /does not exist/],
  [11, 'File exists', 'put', 'file-exists', false, /exists already/],
  [12, 'Write protect', 'put', 'storage-denied', false, /may not be written/],
  [14, 'No space', 'put', 'storage-full', false, /disk/],
  [15, 'Quota', 'put', 'storage-full', false, /quota/],
  [17, 'Lock conflict', 'get', 'storage-failed', true, /in use/],
];

for (const [code, words, operation, expected, temporary, message] of cases) {
  test(`${code} "${words}" of ${operation} is ${expected}`, () => {
    const cause = new SftpStatus(code, words);
    const error = classify(cause, operation, subject);
    assert.equal(error.code, expected);
    assert.equal(error.temporary, temporary);
    assert.match(error.message, message);
    assert.ok(error.message.startsWith(subject));
    assert.equal(error.operation, operation);
    assert.deepEqual(error.context, { status: code });
    assert.equal(error.cause, cause);
    assert.notEqual(error.hint, '');
  });
}

test('an AppError stays as it is, an abort is one, anything else is storage-failed', () => {
  const own = new AppError('file-exists', { message: 'It is there.' });
  assert.equal(classify(own, 'put', subject), own);
  assert.equal(classify(new DOMException('stop', 'AbortError'), 'put', subject).code, 'aborted');
  assert.equal(classify('a text', 'put', subject).message, `${subject}: a text.`);
});

const ends: readonly (readonly [string, object, string, boolean])[] = [
  [
    'All configured authentication methods failed',
    { level: 'client-authentication' },
    'storage-denied',
    false,
  ],
  ['Too many authentication failures', { code: 2 }, 'storage-denied', false],
  ['Handshake failed: no matching key exchange algorithm', { level: 'handshake' }, 'storage-failed', false],
  ['Connection lost before handshake', { level: 'protocol' }, 'storage-unreachable', true],
  ['read ECONNRESET', { level: 'client-socket', code: 'ECONNRESET' }, 'storage-unreachable', true],
  ['Invalid MAC', { level: 'protocol' }, 'storage-unreachable', true],
];
for (const [words, facts, code, temporary] of ends) {
  test(`a connection that ends with "${words}" is ${code}`, () => {
    const error = classifyConnection(Object.assign(new Error(words), facts), 'sftp://host');
    assert.equal(error.code, code);
    assert.equal(error.temporary, temporary);
    assert.match(
      error.message,
      'code' in facts && typeof facts.code === 'string' ? /ECONNRESET/ : new RegExp(words),
    );
  });
}

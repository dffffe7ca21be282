import assert from 'node:assert/strict';
import test from 'node:test';
import { AppError } from '../../core/errors.ts';
import { type AzureOperation, classify } from './classify.ts';

const now = Date.UTC(2027, 0, 1, 12);

/** As the Azure client throws it. */
function clientError(status: number, code: string, headers: Readonly<Record<string, string>> = {}): Error {
  return Object.assign(new Error('The words of Azure.\nRequestId: 1'), {
    name: 'RestError',
    statusCode: status,
    ...(code === '' ? {} : { code }),
    request: { headers: { authorization: 'SharedKey account:signature' } },
    response: { headers: { get: (name: string) => headers[name] } },
  });
}

const cases: readonly (readonly [number, string, AzureOperation, string, boolean, RegExp])[] = [
  [403, 'AuthenticationFailed', 'get', 'storage-denied', false, /refuses the key or token/],
  [401, 'NoAuthenticationInformation', 'get', 'storage-denied', false, /not public/],
  [409, 'PublicAccessNotPermitted', 'get', 'storage-denied', false, /without a key/],
  [403, 'KeyBasedAuthenticationNotPermitted', 'put', 'storage-denied', false, /takes no account keys/],
  [403, 'AuthorizationFailure', 'put', 'storage-denied', false, /may not be accessed/],
  [403, 'AuthorizationPermissionMismatch', 'put', 'storage-denied', false, /may not be accessed/],
  [403, 'InsufficientAccountPermissions', 'list', 'storage-denied', false, /may not be accessed/],
  [403, 'AccountIsDisabled', 'list', 'storage-denied', false, /disabled/],
  [409, 'BlobImmutableDueToPolicy', 'remove', 'storage-denied', false, /policy/],
  [412, 'LeaseIdMissing', 'remove', 'storage-denied', false, /lease/],
  [404, 'ContainerNotFound', 'put', 'bucket-missing', false, /container does not exist/],
  [409, 'ContainerBeingDeleted', 'put', 'bucket-missing', false, /being deleted/],
  [404, 'ResourceNotFound', 'get', 'bucket-missing', false, /not public/],
  [404, 'BlobNotFound', 'get', 'file-missing', false, /x does not exist|does not exist/],
  [409, 'BlobAlreadyExists', 'put', 'file-exists', false, /exists already/],
  [412, 'ConditionNotMet', 'put', 'file-exists', false, /exists already/],
  [409, 'InvalidBlobType', 'put', 'file-exists', false, /another kind/],
  [416, 'InvalidRange', 'get', 'dump-truncated', false, /shorter/],
  [409, 'BlobArchived', 'get', 'storage-failed', false, /archive/],
  [400, 'InvalidBlockList', 'put', 'storage-failed', true, /blocks have gone/],
  [400, 'InvalidBlobOrBlock', 'put', 'storage-failed', false, /another program/],
  [400, 'Md5Mismatch', 'put', 'storage-failed', true, /other bytes/],
  [503, 'ServerBusy', 'put', 'storage-throttled', true, /busy/],
  [500, 'OperationTimedOut', 'put', 'storage-timeout', true, /in time/],
  [500, 'InternalError', 'put', 'storage-failed', true, /internal error/],
  [401, '', 'get', 'storage-denied', false, /refuses the key/],
  [403, '', 'get', 'storage-denied', false, /may not be accessed/],
  [404, '', 'get', 'storage-failed', false, /nobody knows it/],
  [408, '', 'put', 'storage-timeout', true, /in time/],
  [429, '', 'put', 'storage-throttled', true, /fewer requests/],
  [500, '', 'put', 'storage-failed', true, /internal error/],
  [502, '', 'put', 'storage-failed', true, /gateway/],
  [503, '', 'put', 'storage-throttled', true, /busy/],
  [504, '', 'put', 'storage-timeout', true, /gateway/],
  [507, '', 'put', 'storage-full', false, /full/],
  [400, 'SomethingNew', 'put', 'storage-failed', false, /The words of Azure/],
];

for (const [status, azureCode, operation, code, temporary, message] of cases) {
  test(`${status} ${azureCode} of ${operation} is ${code}`, () => {
    const error = classify(clientError(status, azureCode), operation, 'az://c/x', now);
    assert.equal(error.code, code);
    assert.equal(error.temporary, temporary);
    assert.match(error.message, message);
    assert.match(error.message, /^az:\/\/c\/x: [^\n]+\.$/);
    assert.ok(error.message.includes(azureCode === '' ? `HTTP ${status}` : azureCode));
    assert.equal(error.operation, operation);
    assert.notEqual(error.hint, '');
    // The client's error holds the request, and that the signature.
    assert.equal(error.cause, undefined);
  });
}

test('answers to HEAD have their code in a header', () => {
  const error = clientError(404, '', { 'x-ms-error-code': 'ContainerNotFound' });
  assert.equal(classify(error, 'stat', 'az://c/x', now).code, 'bucket-missing');
});

test('a wrong clock is named with a refused key, and only then', () => {
  const told = (status: number, code: string, minutes: number): string => {
    const date = new Date(now + minutes * 60_000).toUTCString();
    return classify(clientError(status, code, { date }), 'put', 'az://c/x', now).message;
  };
  assert.match(told(403, 'AuthenticationFailed', -62), /clock of this machine is 62 minutes ahead/);
  assert.match(told(403, 'AuthenticationFailed', 20), /20 minutes behind/);
  assert.doesNotMatch(told(403, 'AuthenticationFailed', 3), /clock/);
  assert.doesNotMatch(told(404, 'ContainerNotFound', 60), /clock/);
});

test('words that may quote the request are left out', () => {
  const echoed = 'parsing the response body - Authorization: SharedKey shop:c2lnbmF0dXJl';
  const { message } = classify(
    Object.assign(new Error(echoed), { code: 'PARSE_ERROR' }),
    'list',
    'az://c',
    now,
  );
  assert.equal(message, 'az://c: the storage failed (PARSE_ERROR).');
});

test('an AppError stays as it is, an abort is one, anything else is storage-failed', () => {
  const own = new AppError('file-exists', { message: 'It is there.' });
  assert.equal(classify(own, 'put', 'x'), own);
  assert.equal(classify(new DOMException('stop', 'AbortError'), 'put', 'x').code, 'aborted');
  assert.equal(classify('a text', 'put', 'x').message, 'x: a text.');
});

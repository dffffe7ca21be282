import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { bytesSource, listAll, readAll } from '../../../test/harness/byte-sources.ts';
import { failingStorage } from '../../../test/harness/fault-storage.ts';
import { bareLocal } from '../../../test/harness/local-storage.ts';
import { recordingContext } from '../../../test/harness/recording-context.ts';
import { withFolder } from '../../../test/harness/with-folder.ts';
import { createLogger } from '../../base/log.ts';
import { Secret } from '../../base/secret.ts';
import type { ErrorCode } from '../../core/error-catalogue.ts';
import { AppError, toErrorRecord } from '../../core/errors.ts';
import { createNetwork } from '../../network/create-network.ts';
import { createStorageStack } from '../stack.ts';
import type { OpenedCredential, Storage, StorageDriver } from '../storage.ts';

const key = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCY "key"';
const pem = `-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nq83vASNFZ4mrze8BI0Vniavx\n-----END PRIVATE KEY-----\n`;

/** Texts that no log and no error may hold. */
const forbidden = [
  key,
  encodeURIComponent(key),
  JSON.stringify(key).slice(1, -1),
  Buffer.from(key).toString('base64'),
  'MIIEvQIBADANBgkqhkiG9w0B',
  'q83vASNFZ4mrze8BI0Vniavx',
];

const leaks: readonly (readonly [string, () => Error])[] = [
  ['in the message', () => new AppError('storage-failed', { message: `The server quotes ${key}.` })],
  ['in the hint', () => new AppError('storage-failed', { message: 'It failed.', hint: `Check ${key}.` })],
  ['in the context', () => new AppError('storage-failed', { message: 'It failed.', context: { url: key } })],
  [
    'in a URL',
    () => new AppError('storage-failed', { message: `https://h/?sig=${encodeURIComponent(key)}` }),
  ],
  ['in JSON', () => new AppError('storage-failed', { message: JSON.stringify({ key }) })],
  ['in base64', () => new AppError('storage-failed', { message: Buffer.from(key).toString('base64') })],
  ['in a raw error', () => new Error(`Authorization: ${key}`)],
  [
    'in a cause',
    () =>
      new AppError('storage-failed', { message: 'It failed.', cause: new Error('x', { cause: { key } }) }),
  ],
  [
    'in what a library hangs on its errors',
    () =>
      new AppError('storage-failed', {
        message: 'It failed.',
        cause: Object.assign(new Error('x'), { request: { headers: { authorization: [`Basic ${key}`] } } }),
      }),
  ],
  ['a line of a key', () => new AppError('storage-failed', { message: `bad line q83vASNFZ4mrze8BI0Vniavx` })],
];

const credentialOf = (secret: string): OpenedCredential => ({
  name: 'MINE',
  type: 'test',
  id: 'somebody',
  secret: new Secret(secret),
  options: {},
});

const driverOf = (open: () => Storage): StorageDriver => ({
  schemes: ['test'],
  example: 'test://host',
  options: [],
  credentialTypes: [
    { id: 'test', idName: 'user', secretName: 'password', needs: 'id-and-secret', options: [] },
  ],
  open,
});

const opened = (open: () => Storage, secret: string): Storage =>
  createStorageStack({
    drivers: [driverOf(open)],
    network: createNetwork({ allow: [] }),
    options: {
      retry: { attempts: 2, firstDelayMs: 1, maxDelayMs: 1 },
      limit: { concurrency: 9, bytesPerSecond: null },
      timeout: { silenceMs: 10_000, commitMs: 10_000, graceMs: 100 },
    },
  }).open(new URL('test://host/x'), credentialOf(secret));

/** As the log of the process would print it, and as a job would keep it. */
function printed(error: unknown): string {
  const lines: string[] = [];
  createLogger({ level: 'debug', destination: { write: (line: string) => void lines.push(line) } }).error(
    'failed',
    { error },
  );
  return [inspect(error, { depth: 10 }), JSON.stringify(toErrorRecord(error)), ...lines].join('\n');
}

describe('a secret that a driver lets slip', () => {
  for (const [where, leak] of leaks) {
    it(`${where} reaches neither errors nor logs`, () =>
      withFolder(async (folder) => {
        const local = bareLocal(folder);
        const context = recordingContext();
        await local.put('x', bytesSource(Buffer.alloc(10)), { ifExists: 'fail' }, context);
        for (const secret of [key, pem]) {
          if ((secret === pem) !== /a line/.test(where)) continue;
          const storage = opened(() => failingStorage(local, { times: 99, error: leak }), secret);
          const calls = [
            () => storage.put('y', bytesSource(Buffer.alloc(10)), { ifExists: 'fail' }, context),
            () => readAll(storage.get('x', null, context)),
            () => storage.stat('x', context),
            () => listAll(storage.list('', context)),
            () => storage.remove('x', context),
            () => storage.sweep('', context),
            () => storage.freeBytes(context),
            () => storage.probe(context),
          ];
          for (const call of calls) {
            const error = await call().then(
              () => assert.fail('It succeeded.'),
              (thrown: unknown) => thrown,
            );
            assert.ok(error instanceof AppError);
            const expected: ErrorCode = where === 'in a raw error' ? 'internal' : 'storage-failed';
            assert.equal(error.code, expected);
            const told = printed(error) + inspect(context.lines, { depth: 10 });
            for (const text of forbidden) assert.ok(!told.includes(text), told);
          }
        }
      }));
  }

  it('while it opens the place stays out of the error', () => {
    const failing = (): Storage => {
      throw new AppError('location-invalid', { message: `The key ${key} is not valid JSON.` });
    };
    assert.throws(
      () => opened(failing, key),
      (error: unknown) => {
        assert.match((error as Error).message, /^The key \[secret\] is not valid JSON\.$/);
        return forbidden.every((text) => !printed(error).includes(text));
      },
    );
  });

  it('what holds no secret stays the error that it was', () =>
    withFolder(async (folder) => {
      const own = new AppError('storage-denied', {
        message: `It is refused, and -----BEGIN PRIVATE KEY----- is no secret.`,
        cause: new Error('x'),
      });
      const faulty = failingStorage(bareLocal(folder), { times: 99, error: () => own });
      for (const secret of ['', 'short', pem]) {
        await assert.rejects(
          opened(() => faulty, secret).stat('x', recordingContext()),
          (error) => error === own,
        );
      }
    }));
});

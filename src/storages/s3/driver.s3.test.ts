import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { PutBucketAclCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { bytesSource, listAll, readAll, stuckSource } from '../../../test/harness/byte-sources.ts';
import { type CephServer, startCeph } from '../../../test/harness/ceph.ts';
import { type FaultProxy, startFaultProxy } from '../../../test/harness/fault-proxy.ts';
import { placeAt } from '../../../test/harness/local-storage.ts';
import { recordingContext } from '../../../test/harness/recording-context.ts';
import { Secret } from '../../base/secret.ts';
import type { AppError } from '../../core/errors.ts';
import { createNetwork } from '../../network/create-network.ts';
import { createLimit } from '../layers/limit.ts';
import { defaultLayerOptions, stackStorage } from '../stack.ts';
import type { Storage, StorageDriver, StoragePlace } from '../storage.ts';
import { obsDriver, s3Driver } from './driver.ts';

const context = recordingContext();
/** Three parts and a bit. */
const large = Buffer.alloc(
  26_000_003,
  Uint8Array.from({ length: 251 }, (_, index) => index),
);

let ceph: CephServer;
let proxy: FaultProxy;

function placeOf(options: StoragePlace['options'] = {}, scheme = 's3', base = 'driver'): StoragePlace {
  const { accessKey, secretKey } = ceph.owner;
  return {
    ...placeAt(`${scheme}://${ceph.bucket}/${base}`, { endpoint: ceph.endpoint, ...options }),
    credential: { name: 'C', type: scheme, id: accessKey, secret: new Secret(secretKey) },
  };
}
const open = (base?: string): Storage => s3Driver.open(placeOf({}, 's3', base));
const put = (storage: Storage, name: string, bytes: Buffer, ifExists: 'fail' | 'replace' = 'fail') =>
  storage.put(name, bytesSource(bytes, 1024 ** 2), { ifExists }, context);

before(async () => {
  ceph = await startCeph();
  proxy = await startFaultProxy({ port: ceph.port, isHttp: true });
});
after(async () => {
  await proxy[Symbol.asyncDispose]();
  await ceph[Symbol.asyncDispose]();
});

describe('S3 in parts', () => {
  it('gives back what was stored, whole and in ranges that cross parts', async () => {
    const storage = open();
    assert.equal((await put(storage, 'parts/x', large)).bytes, large.length);
    assert.ok((await readAll(storage.get('parts/x', null, context))).equals(large));
    const range = { start: 8 * 1024 ** 2 - 10, end: 16 * 1024 ** 2 + 10 };
    const read = await readAll(storage.get('parts/x', range, context));
    assert.ok(read.equals(large.subarray(range.start, range.end + 1)));
    assert.deepEqual(await ceph.leftovers('driver/parts/'), []);
  });

  it('fail: refuses what exists, also what came while the parts were sent', async () => {
    const storage = open();
    await put(storage, 'parts/early', Buffer.from('first'));
    await assert.rejects(put(storage, 'parts/early', large), { code: 'file-exists' });
    const source = {
      async *open() {
        yield Buffer.from(large);
        await put(storage, 'parts/late', Buffer.from('first'));
      },
    };
    await assert.rejects(storage.put('parts/late', source, { ifExists: 'fail' }, context), {
      code: 'file-exists',
    });
    assert.equal((await readAll(storage.get('parts/late', null, context))).toString(), 'first');
    assert.deepEqual(await ceph.leftovers('driver/parts/'), []);
  });

  it('aborted at any moment it leaves nothing', async () => {
    const storage = open();
    await fc.assert(
      fc.asyncProperty(fc.nat(150), async (ms) => {
        const stopping = recordingContext();
        const source = stuckSource(large);
        const running = storage.put('aborted/x', source, { ifExists: 'fail' }, stopping);
        const ended = assert.rejects(running, { code: 'aborted' });
        await sleep(ms);
        stopping.abort();
        await ended;
        assert.equal(await storage.stat('aborted/x', context), null);
        assert.deepEqual(await ceph.leftovers('driver/aborted/'), []);
      }),
      { numRuns: 12 },
    );
  });

  it('a sweep spares what this process has under way', async () => {
    const storage = open();
    const reached = Promise.withResolvers<void>();
    const swept = Promise.withResolvers<void>();
    const source = {
      async *open() {
        yield Buffer.from(large);
        reached.resolve();
        await swept.promise;
        yield Buffer.from('end');
      },
    };
    const running = storage.put('swept/mine', source, { ifExists: 'fail' }, context);
    await reached.promise;
    assert.equal((await ceph.leftovers('driver/swept/')).length, 1);
    await open().sweep('swept/', context);
    swept.resolve();
    assert.equal((await running).bytes, large.length + 3);
  });

  it('a writer whose upload was swept by another service begins the file again', async () => {
    const upload = s3Driver.open(placeOf({ endpoint: `http://localhost:${ceph.port}` }));
    const storage = stackStorage(
      upload,
      { ...defaultLayerOptions, retry: { attempts: 2, firstDelayMs: 1, maxDelayMs: 1 } },
      createLimit(defaultLayerOptions.limit),
    );
    let opened = 0;
    const source = {
      async *open() {
        opened += 1;
        yield Buffer.from(large);
        // To this process the same server is another one under another name, so that it does not know the upload as its own.
        if (opened === 1) await open().sweep('foreign/', context);
      },
    };
    const log = recordingContext();
    await storage.put('foreign/x', source, { ifExists: 'fail' }, log);
    assert.equal(opened, 2);
    assert.match(log.complaints().join(), /NoSuchUpload/);
    assert.ok((await readAll(open().get('foreign/x', null, context))).equals(large));
    assert.deepEqual(await ceph.leftovers('driver/foreign/'), []);
  });

  it('an error inside a 200 answer to the commit is an error', async () => {
    const through = s3Driver.open(placeOf({ endpoint: `http://${proxy.line.host}:${proxy.line.port}` }));
    // Begin, and four parts.
    proxy.refuse(
      {
        status: 200,
        contentType: 'application/xml',
        body: '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>InternalError</Code><Message>Try again</Message></Error>',
      },
      1,
      5,
    );
    const running = put(through, 'commit/x', large, 'replace');
    await assert.rejects(running, { code: 'storage-failed', temporary: true, message: /InternalError/ });
    assert.equal(await open().stat('commit/x', context), null);
    assert.deepEqual(await ceph.leftovers('driver/commit/'), []);
    await proxy.mend();
  });

  it('a commit whose answer is lost counts', async () => {
    const through = s3Driver.open(placeOf({ endpoint: `http://${proxy.line.host}:${proxy.line.port}` }));
    for (let answer = 0; answer < 4; answer += 1) {
      const name = `lost/${answer}`;
      await through.stat('lost/x', context);
      // The answers are short: these bytes are in one of each of the first requests.
      proxy.line.cut({ direction: 'down', afterBytes: 150 + 300 * answer, how: 'reset' });
      const first = await put(through, name, large).catch((error: unknown) => error);
      await proxy.mend();
      if (first instanceof Error) await put(through, name, large);
      assert.ok((await readAll(open().get(name, null, context))).equals(large), name);
      await assert.rejects(put(through, name, large), { code: 'file-exists' });
    }
  });

  it('a commit that nobody knows of is not in the way of the next try', async () => {
    const through = s3Driver.open(placeOf({ endpoint: `http://${proxy.line.host}:${proxy.line.port}` }));
    let doubtful = 0;
    for (let afterBytes = 50; afterBytes < 1200; afterBytes += 100) {
      const name = `doubt/${afterBytes}`;
      await through.stat('doubt/x', context);
      // Two looks and the commit pass; what asks for its fate does not.
      const refusal = { status: 503, contentType: 'text/plain', body: '' };
      proxy.refuse(refusal, Number.POSITIVE_INFINITY, 3);
      proxy.line.cut({ direction: 'down', afterBytes, how: 'reset' });
      const first = await put(through, name, Buffer.from('small')).catch((error: unknown) => error);
      await proxy.mend();
      if (first instanceof Error) {
        if ((await open().stat(name, context)) !== null) doubtful += 1;
        await put(through, name, Buffer.from('again'));
        assert.equal((await readAll(open().get(name, null, context))).toString(), 'again');
      }
      await assert.rejects(put(through, name, Buffer.from('other')), { code: 'file-exists' });
    }
    assert.ok(doubtful > 0, 'no cut was in the answer to a commit');
  });
});

describe('S3 lists', () => {
  it('goes from page to page, in byte order, by either listing', async () => {
    const names = Array.from({ length: 1030 }, (_, index) => `list ${index % 7}/${index} +&%é`);
    const store = (name: string): Promise<unknown> =>
      ceph.client.send(
        new PutObjectCommand({ Bucket: ceph.bucket, Key: `pages/${name}`, Body: Buffer.from('x') }),
      );
    await Promise.all([...names, 'folder/'].map(store));
    const sorted = names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    const places: readonly (readonly [StorageDriver, string])[] = [
      [s3Driver, 's3'],
      [obsDriver, 'obs'],
    ];
    for (const [driver, scheme] of places) {
      const storage = driver.open(placeOf({}, scheme, 'pages'));
      const listed = await listAll(storage.list('', context));
      assert.deepEqual(
        listed.map(({ name }) => name),
        sorted,
      );
    }
  });
});

describe('S3 keys', () => {
  it('come from the environment of the server when the credential says so', async () => {
    const { accessKey, secretKey } = ceph.owner;
    const kept = { ...process.env };
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: accessKey, AWS_SECRET_ACCESS_KEY: secretKey });
    try {
      const place = placeOf({ keys: 'environment' });
      const storage = s3Driver.open({
        ...place,
        credential: { name: 'E', type: 's3', id: null, secret: null },
      });
      await storage.probe(context);
    } finally {
      process.env = kept;
    }
  });

  it('come from the role of the container', async () => {
    const { accessKey, secretKey } = ceph.owner;
    const service = createServer((_, answer) => {
      answer.end(
        JSON.stringify({
          AccessKeyId: accessKey,
          SecretAccessKey: secretKey,
          Token: '',
          Expiration: new Date(Date.now() + 3_600_000).toISOString(),
        }),
      );
    });
    await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
    const kept = { ...process.env };
    process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI = `http://127.0.0.1:${(service.address() as AddressInfo).port}/keys`;
    try {
      const place = placeOf({ keys: 'instance' });
      const storage = s3Driver.open({
        ...place,
        credential: { name: 'I', type: 's3', id: null, secret: null },
      });
      await storage.probe(context);
    } finally {
      process.env = kept;
      service.closeAllConnections();
      service.close();
    }
  });

  it('need not be: what all may read is read without', async () => {
    const anonymous = s3Driver.open({ ...placeOf({}, 's3', 'public'), credential: null });
    await put(open('public'), 'x', Buffer.from('for all'));
    await assert.rejects(readAll(anonymous.get('x', null, context)), {
      code: 'storage-denied',
      message: /AccessDenied/,
    });
    const name = { Bucket: ceph.bucket };
    await ceph.client.send(new PutBucketAclCommand({ ...name, ACL: 'public-read' }));
    await ceph.client.send(
      new PutObjectCommand({ ...name, Key: 'public/y', Body: 'for all', ACL: 'public-read' }),
    );
    assert.equal((await readAll(anonymous.get('y', null, context))).toString(), 'for all');
    assert.deepEqual(
      (await listAll(anonymous.list('', context))).map((file) => file.name),
      ['x', 'y'],
    );
    await assert.rejects(put(anonymous, 'z', Buffer.from('x')), { code: 'storage-denied' });
  });

  it('show in no error', async () => {
    const secret = 'zq7-very-secret';
    const place = placeOf();
    for (const id of [ceph.owner.accessKey, 'UNKNOWNKEY']) {
      const storage = s3Driver.open({
        ...place,
        credential: { name: 'W', type: 's3', id, secret: new Secret(secret) },
      });
      const calls: readonly (() => Promise<unknown>)[] = [
        () => put(storage, 'x', Buffer.from('x')),
        () => readAll(storage.get('x', null, context)),
        () => storage.stat('x', context),
        () => listAll(storage.list('', context)),
        () => storage.remove('x', context),
        () => storage.sweep('', context),
        () => storage.probe(context),
      ];
      for (const call of calls) {
        await assert.rejects(call, (error: AppError) => {
          assert.equal(error.code, 'storage-denied', String(error));
          assert.ok(!`${inspect(error, { depth: 9 })}${error.hint}`.includes(secret));
          return true;
        });
      }
    }
  });
});

describe('S3 and the URL policy', () => {
  it('refuses addresses that are not allowed, literal ones too', async () => {
    for (const endpoint of [ceph.endpoint, `http://localhost:${ceph.port}`, 'http://[::1]:1']) {
      const storage = s3Driver.open({ ...placeOf({ endpoint }), network: createNetwork({ allow: [] }) });
      await assert.rejects(storage.stat('x', context), { code: 'address-refused' }, endpoint);
      await assert.rejects(put(storage, 'x', Buffer.from('x')), { code: 'address-refused' }, endpoint);
    }
  });
});

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { bytesSource, listAll, readAll } from '../../../test/harness/byte-sources.ts';
import { placeAt } from '../../../test/harness/local-storage.ts';
import { recordingContext } from '../../../test/harness/recording-context.ts';
import { orphanUploads, type SwiftServer, smallSegments, startSwift } from '../../../test/harness/swift.ts';
import { Secret } from '../../base/secret.ts';
import { AppError } from '../../core/errors.ts';
import type { Storage } from '../storage.ts';
import { swiftClients } from './client.ts';
import { type SwiftContainer, swiftContainer } from './container.ts';
import { createPublication } from './publish.ts';
import { removeFile } from './remove.ts';
import { newUpload, segmentName, segmentRoot, type UploadName, uploadOf } from './segment-names.ts';
import { sweepSegments } from './sweep.ts';
import { defaultSegmentPlan, swiftUpload } from './upload.ts';

/** Five segments, so that with two lines to a manifest there are three manifests below the file's own. */
const large = Buffer.alloc(
  5 * 1024 ** 2 - 7,
  Uint8Array.from({ length: 251 }, (_, index) => index),
);
const small = Buffer.from('some bytes');
const signal = AbortSignal.timeout(120_000);

describe('large files of Swift', () => {
  let server: SwiftServer;
  let storage: Storage;
  let container: SwiftContainer;
  let lease: ReturnType<typeof swiftClients.lease>;
  const context = recordingContext();

  before(async () => {
    server = await startSwift();
    const place = {
      ...placeAt(`swift://${server.container}`, { 'auth-url': server.authUrl }),
      credential: { name: 'C', type: 'swift', id: server.owner.user, secret: new Secret(server.owner.key) },
    };
    storage = smallSegments.open(place);
    lease = swiftClients.lease(place);
    container = swiftContainer(lease.client, server.container);
  });
  after(async () => {
    lease[Symbol.dispose]();
    await server[Symbol.asyncDispose]();
  });

  const put = (name: string, bytes: Buffer, ifExists: 'fail' | 'replace' = 'replace') =>
    storage.put(name, bytesSource(bytes), { ifExists }, context);
  const objectsBelow = async (prefix: string): Promise<string[]> => {
    const names: string[] = [];
    for (;;) {
      const page = await container.page(prefix, names.at(-1) ?? '', signal);
      if (page.length === 0) return names;
      names.push(...page.map(({ name }) => name));
    }
  };
  const orphans = (base: string) => orphanUploads(server, base);
  const exists = async (name: string) => (await container.head(name, signal)) !== null;

  it('are segments in the container, which their manifest joins, in two levels where there are many', async () => {
    await put('large/x', large, 'fail');
    const lines = (await container.manifest({ container: server.container, name: 'large/x' }, signal)) ?? [];
    assert.deepEqual(
      lines.map(({ name, isManifest }) => [name.split('/').at(-1), isManifest]),
      [1, 2, 3].map((number) => [`manifest-0000${number}`, true]),
    );
    const names = await objectsBelow(segmentRoot);
    assert.deepEqual(
      names.map((name) => [uploadOf(name)?.object, name.split('/').at(-1)]),
      [
        '00000001',
        '00000002',
        '00000003',
        '00000004',
        '00000005',
        'manifest-00001',
        'manifest-00002',
        'manifest-00003',
      ].map((part) => ['large/x', part]),
    );
    assert.deepEqual(await listAll(storage.list('', context)), [{ name: 'large/x', bytes: large.length }]);
    assert.deepEqual(await storage.stat('large/x', context), { name: 'large/x', bytes: large.length });
    const read = await readAll(storage.get('large/x', { start: 1_048_570, end: 4_194_310 }, context));
    assert.ok(read.equals(large.subarray(1_048_570, 4_194_311)));
  });

  it('take their segments with them when they are removed or replaced', async () => {
    for (const end of [
      () => storage.remove('gone/x', context),
      () => put('gone/x', small),
      () => put('gone/x', large),
    ]) {
      await put('gone/x', large);
      const earlier = new Set(await objectsBelow(`${segmentRoot}gone/x/`));
      assert.equal(earlier.size, 8);
      await end();
      assert.deepEqual(
        (await objectsBelow(`${segmentRoot}gone/x/`)).filter((name) => earlier.has(name)),
        [],
      );
    }
  });

  it('are gone before their segments are: an interrupted removal leaves no part that looks whole', async () => {
    await put('cut/x', large);
    let removals = 0;
    const breaking: SwiftContainer = {
      ...container,
      async remove(...request) {
        removals += 1;
        if (removals > 2) throw lost();
        await container.remove(...request);
      },
    };
    await assert.rejects(removeFile(breaking, 'cut/x', signal), { code: 'storage-unreachable' });
    assert.equal(await exists('cut/x'), false);
    assert.notDeepEqual(await orphans('cut/'), []);
    await storage.sweep('cut/', context);
    assert.deepEqual(await objectsBelow(`${segmentRoot}cut/`), []);
  });

  it('of other programs too, with segments in another container', async () => {
    await server.request('PUT', 'foreign_segments');
    const lines = [];
    for (const name of ['1', '2']) {
      await server.request('PUT', `foreign_segments/x/${name}`, { body: small });
      lines.push({ path: `/foreign_segments/x/${name}` });
    }
    const manifest = { body: JSON.stringify(lines) };
    const made = await server.request(
      'PUT',
      `${server.container}/foreign/x?multipart-manifest=put`,
      manifest,
    );
    assert.equal(made.status, 201);
    const read = await readAll(storage.get('foreign/x', null, context));
    assert.ok(read.equals(Buffer.concat([small, small])));
    await storage.remove('foreign/x', context);
    assert.equal(await storage.stat('foreign/x', context), null);
    assert.equal(await (await server.request('GET', 'foreign_segments')).text(), '');
  });

  it('keep their segments in a sweep, whoever wrote them', async () => {
    await put('kept/x', large);
    await upload(deadUpload('kept/y'), ['kept', 'by its manifest'], true);
    await storage.sweep('', context);
    assert.ok((await readAll(storage.get('kept/x', null, context))).equals(large));
    assert.equal((await readAll(storage.get('kept/y', null, context))).toString(), 'keptby its manifest');
  });

  it('lose what a dead process left of them, page by page', async () => {
    for (let file = 0; file < 3; file += 1) {
      const segments = Array.from({ length: 30 }, () => 's');
      await upload(deadUpload(`dead/${file}`), segments, false);
    }
    await put('dead/2', small);
    await storage.sweep('dead/', context);
    assert.deepEqual(await objectsBelow(`${segmentRoot}dead/`), []);
    assert.equal((await readAll(storage.get('dead/2', null, context))).toString(), small.toString());
  });

  it('do not stay without segments when a dead process’s last request is carried out during a sweep', async () => {
    const name = deadUpload('late/x');
    await upload(name, ['late', 'manifest'], false);
    let late: Promise<void> | null = null;
    const sweeping: SwiftContainer = {
      ...container,
      async remove(where, object, ofSweep) {
        late ??= join(name, 2);
        await late;
        await container.remove(where, object, ofSweep);
      },
    };
    await sweepSegments(sweeping, 'late/', signal);
    assert.equal(await exists('late/x'), false);
    assert.deepEqual(await objectsBelow(`${segmentRoot}late/`), []);
  });

  it('are stored when the answer to the last request is lost', async () => {
    const lossy: SwiftContainer = {
      ...container,
      async putManifest(...request) {
        await container.putManifest(...request);
        throw lost();
      },
    };
    await sendAll(lossy, newUpload('lost/x'));
    assert.ok((await readAll(storage.get('lost/x', null, context))).equals(large));
    assert.deepEqual(await orphans('lost/'), []);
  });

  it('are not in the way of another try when nobody heard that they are stored', async () => {
    const deaf: SwiftContainer = {
      ...container,
      async putManifest(...request) {
        await container.putManifest(...request);
        this.head = () => Promise.reject(lost());
        throw lost();
      },
    };
    const first = newUpload('doubt/x');
    await assert.rejects(sendAll(deaf, first), { code: 'storage-unreachable' });
    assert.ok((await readAll(storage.get('doubt/x', null, context))).equals(large), 'its segments have gone');
    await put('doubt/x', large, 'fail');
    assert.ok((await readAll(storage.get('doubt/x', null, context))).equals(large));
    assert.deepEqual(await orphans('doubt/'), []);
    await assert.rejects(put('doubt/x', large, 'fail'), { code: 'file-exists' });
  });

  it('say file-exists, and leave nothing, when another process has overwritten them at the same moment', async () => {
    const other = newUpload('race/x');
    const racing: SwiftContainer = {
      ...container,
      async putManifest(...request) {
        await container.putManifest(...request);
        if (request[0] === 'race/x') await upload(other, ['the', 'other'], true);
      },
    };
    await assert.rejects(sendAll(racing, newUpload('race/x')), { code: 'file-exists' });
    assert.equal((await readAll(storage.get('race/x', null, context))).toString(), 'theother');
    assert.deepEqual(await orphans('race/'), []);
  });

  it('of one name are published one after the other, and whoever waits can leave', async () => {
    const held = Promise.withResolvers<void>();
    const begun: string[] = [];
    const publishing = (writer: string, ofWriter: AbortSignal, wait: Promise<void>) =>
      createPublication(container, newUpload('turn/x'), 'fail').publish(
        small.length,
        async (conditions) => {
          begun.push(writer);
          await wait;
          const etag = createHash('md5').update(small).digest('hex');
          await container.put('turn/x', small, etag, { conditions, onSent: () => undefined }, signal);
        },
        ofWriter,
      );
    const leaving = new AbortController();
    const first = publishing('first', signal, held.promise);
    const second = publishing('second', leaving.signal, Promise.resolve());
    const third = publishing('third', signal, Promise.resolve());
    leaving.abort(new Error('it leaves'));
    await assert.rejects(second, { message: 'it leaves' });
    assert.deepEqual(begun, ['first']);
    held.resolve();
    await first;
    await assert.rejects(third, { status: 412 });
    assert.deepEqual(begun, ['first', 'third']);
  });

  it('are looked at after they were stored: their size must be what was sent', async () => {
    const publication = createPublication(container, newUpload('size/x'), 'replace');
    const storing = publication.publish(
      small.length + 1,
      (conditions) => {
        const etag = createHash('md5').update(small).digest('hex');
        return container.put('size/x', small, etag, { conditions, onSent: () => undefined }, signal);
      },
      signal,
    );
    await assert.rejects(storing, {
      code: 'storage-failed',
      message: /has 10 bytes at the storage after 11/,
    });
  });

  it('have no segments removed of which a file may be made', async () => {
    const publication = createPublication(container, newUpload('fate/x'), 'fail');
    assert.equal(publication.mayBeStored(), false);
    await assert.rejects(
      publication.publish(1, () => Promise.reject(lost()), signal),
      { code: 'storage-unreachable' },
    );
    assert.equal(publication.mayBeStored(), true);
  });

  it('are made of at least 8 MiB segments, and of parts that hold 5 TB', () => {
    const { minPartBytes, maxPartBytes, maxParts } = swiftUpload(
      container,
      newUpload('plan/x'),
      { ifExists: 'fail' },
      defaultSegmentPlan,
    );
    assert.equal(minPartBytes, 8 * 1024 ** 2);
    assert.ok(maxPartBytes * maxParts > 5e12);
  });

  const lost = (): AppError => new AppError('storage-unreachable', { message: 'The connection was cut.' });

  /** Sends `large` as the driver does, in segments of a MiB. */
  async function sendAll(to: SwiftContainer, name: UploadName): Promise<void> {
    const plan = { minSegmentBytes: 1024 ** 2, maxSegmentBytes: 1024 ** 2, segmentsPerManifest: 500 };
    const sending = await swiftUpload(to, name, { ifExists: 'fail' }, plan).begin(signal);
    try {
      for (let at = 0; at * 1024 ** 2 < large.length; at += 1)
        await sending.send(at + 1, large.subarray(at * 1024 ** 2, (at + 1) * 1024 ** 2), signal);
      await sending.commit(5, signal);
    } catch (error) {
      await sending.abort();
      throw error;
    }
  }

  /** Stores segments, and the manifest that joins them if asked to. */
  async function upload(name: UploadName, contents: readonly string[], isJoined: boolean): Promise<void> {
    for (const [index, body] of contents.entries()) {
      const segment = encodeURIComponent(segmentName(name, index + 1));
      await server.request('PUT', `${server.container}/${segment}`, { body });
    }
    if (isJoined) await join(name, contents.length);
  }

  async function join(name: UploadName, segments: number): Promise<void> {
    const lines = Array.from({ length: segments }, (_, index) => ({
      path: `/${server.container}/${segmentName(name, index + 1)}`,
    }));
    const path = `${server.container}/${encodeURIComponent(name.object)}?multipart-manifest=put`;
    const { status } = await server.request('PUT', path, { body: JSON.stringify(lines) });
    assert.equal(status, 201);
  }
});

/** An upload of `object` that a process which has ended began. */
function deadUpload(object: string): UploadName {
  const module = new URL('../blocks/part-name.ts', import.meta.url).href;
  const script = `console.log((await import(${JSON.stringify(module)})).writerTag())`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
  });
  const tag = stdout.trim();
  return { object, tag, folder: `${segmentRoot}${object}/${tag}/` };
}

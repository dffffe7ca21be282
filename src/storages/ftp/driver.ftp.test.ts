import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { bytesSource, listAll, readAll } from '../../../test/harness/byte-sources.ts';
import { countingNetwork } from '../../../test/harness/counting-network.ts';
import { startFaultProxy } from '../../../test/harness/fault-proxy.ts';
import { placeAt } from '../../../test/harness/local-storage.ts';
import { type Proftpd, startProftpd } from '../../../test/harness/proftpd.ts';
import { recordingContext } from '../../../test/harness/recording-context.ts';
import { Secret } from '../../base/secret.ts';
import { createNetwork } from '../../network/create-network.ts';
import type { Storage } from '../storage.ts';
import { ftpDriver } from './driver.ts';

const context = recordingContext();
const some = Buffer.from('some bytes');
const fail = { ifExists: 'fail' } as const;

type Options = Readonly<Record<string, string>>;
const open = (server: Proftpd, scheme: string, folder: string, options: Options = {}): Storage =>
  ftpDriver.open({
    ...placeAt(`${scheme}://127.0.0.1:${server.port}${folder}`, options),
    credential: { name: 'C', type: 'ftp', id: server.user, secret: new Secret(server.password) },
  });

describe('ftp driver and ProFTPD', () => {
  let server: Proftpd;
  let strict: Proftpd;
  let old: Proftpd;
  let publicServer: Proftpd;
  before(async () => {
    server = await startProftpd();
    strict = await startProftpd({ isStrict: true, wantsTls: true });
    old = await startProftpd({ isOld: true });
    publicServer = await startProftpd({ isPublic: true });
  });
  after(async () => {
    for (const each of [server, strict, old, publicServer]) await each[Symbol.asyncDispose]();
  });

  it('puts below the folder that the user comes to with /~/', async () => {
    await open(server, 'ftp', '/~/home').put('a/x', bytesSource(some), fail, context);
    assert.deepEqual(await readFile(path.join(server.root, 'home/a/x')), some);
    assert.deepEqual(await readAll(open(server, 'ftp', '/~').get('home/a/x', null, context)), some);
  });

  it('removes folders that a remove leaves empty, but never the base', async () => {
    const storage = open(server, 'ftp', `${server.base}/tidy`);
    await storage.put('a/b/x', bytesSource(some), fail, context);
    await storage.put('a/y', bytesSource(some), fail, context);
    await storage.remove('a/b/x', context);
    assert.deepEqual(await readdir(path.join(server.root, 'tidy'), { recursive: true }), ['a', 'a/y']);
    await storage.remove('a/y', context);
    assert.deepEqual(await readdir(path.join(server.root, 'tidy')), []);
  });

  it('tells what lies in the way', async () => {
    const storage = open(server, 'ftp', `${server.base}/way`);
    await storage.put('a/x', bytesSource(some), fail, context);
    await assert.rejects(storage.put('a/x/y', bytesSource(some), fail, context), {
      code: 'storage-unwritable',
      message: /550 .*Not a directory/,
    });
  });

  it('zero bytes over TLS never fail', async () => {
    const storage = open(strict, 'ftps', `${strict.base}/zero`, { 'tls-fingerprint': strict.fingerprint });
    for (let index = 0; index < 40; index += 1) {
      const stored = await storage.put(`x${index}`, bytesSource(Buffer.alloc(0)), fail, context);
      assert.equal(stored.bytes, 0);
    }
    assert.equal((await listAll(storage.list('', context))).length, 40);
  });

  it('a certificate that nobody known has signed is refused, with its fingerprint', async () => {
    const colons = strict.fingerprint.toUpperCase().replace(/..(?=.)/g, '$&:');
    await assert.rejects(open(strict, 'ftps', '/x').probe(context), {
      code: 'storage-unreachable',
      temporary: false,
      message: /not trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\)/,
      hint: new RegExp(colons),
    });
    await open(strict, 'ftps', `${strict.base}/trusted`, { 'tls-fingerprint': colons }).probe(context);
  });

  it('another certificate than the pinned one is refused, with its fingerprint', async () => {
    const pinned = { 'tls-fingerprint': 'ab'.repeat(32) };
    await assert.rejects(open(strict, 'ftps', '/x', pinned).probe(context), {
      code: 'storage-unreachable',
      temporary: false,
      message: /another one is pinned/,
    });
  });

  it('a server that wants TLS says so, and gets it from ftp: by an option', async () => {
    await assert.rejects(open(strict, 'ftp', '/x').probe(context), {
      code: 'storage-denied',
      message: /without TLS \(550 SSL\/TLS required/,
      hint: /ftps:/,
    });
    const options = { tls: 'explicit', 'tls-fingerprint': strict.fingerprint };
    await open(strict, 'ftp', `${strict.base}/explicit`, options).probe(context);
  });

  it('connects to the server whatever address it names for the data', async () => {
    const network = createNetwork({ allow: ['127.0.0.1'] });
    const place = { ...placeAt(`ftp://127.0.0.1:${old.port}${old.base}/address`), network };
    const credential = { name: 'C', type: 'ftp', id: old.user, secret: new Secret(old.password) };
    await ftpDriver.open({ ...place, credential }).probe(context);
  });

  it('goes nowhere that the URL policy refuses', async () => {
    const network = createNetwork({ allow: [] });
    const place = { ...placeAt(`ftp://127.0.0.1:${server.port}/x`), network };
    await assert.rejects(ftpDriver.open(place).probe(context), { code: 'address-refused' });
  });

  it('comes in as anonymous without a credential', async () => {
    await mkdir(path.join(publicServer.root, 'pub'));
    await writeFile(path.join(publicServer.root, 'pub/x'), some);
    const storage = ftpDriver.open(placeAt(`ftp://127.0.0.1:${publicServer.port}/pub`));
    assert.deepEqual(await readAll(storage.get('x', { start: 5, end: 9 }, context)), some.subarray(5));
  });

  it('a refused login says what the server said, without the password', async () => {
    const credential = { name: 'C', type: 'ftp', id: server.user, secret: new Secret('not the right one') };
    const place = { ...placeAt(`ftp://127.0.0.1:${server.port}/x`), credential };
    await assert.rejects(ftpDriver.open(place).stat('x', context), (error: Error) => {
      assert.match(error.message, /530 Login incorrect/);
      assert.doesNotMatch(JSON.stringify([error.message, error.stack, error.cause]), /not the right one/);
      return true;
    });
  });

  it('never gives a file its name whose end did not arrive', async () => {
    await using proxy = await startFaultProxy({
      port: server.port,
      alsoPorts: server.passivePorts,
      isHttp: false,
    });
    const { host, port } = proxy.line;
    const credential = { name: 'C', type: 'ftp', id: server.user, secret: new Secret(server.password) };
    const place = placeAt(`ftp://${host}:${port}${server.base}/cut`);
    const storage = ftpDriver.open({ ...place, credential });
    for (const size of [10_000, 100_000, 300_000]) {
      await storage.stat('x', context);
      // A server takes the end of the data connection for the end of the file.
      proxy.line.cut({ direction: 'up', afterBytes: size, how: 'close' });
      const putting = storage.put('x', bytesSource(Buffer.alloc(300_007)), fail, context);
      await assert.rejects(putting, { temporary: true });
      await proxy.mend();
      assert.equal(await storage.stat('x', context), null);
    }
    assert.deepEqual(await readdir(path.join(server.root, 'cut')), []);
  });

  it('uses its connections again, however often the place is opened', async () => {
    const counted = countingNetwork();
    const stat = (): Promise<unknown> => {
      const place = { ...placeAt(`ftp://127.0.0.1:${server.port}/~/again`), network: counted.network };
      const credential = { name: 'C', type: 'ftp', id: server.user, secret: new Secret(server.password) };
      return ftpDriver.open({ ...place, credential }).stat('x', context);
    };
    await Promise.all(Array.from({ length: 4 }, stat));
    assert.equal(counted.connections, 4);
    for (let index = 0; index < 100; index += 1) assert.equal(await stat(), null);
    assert.equal(counted.connections, 4);
  });
});

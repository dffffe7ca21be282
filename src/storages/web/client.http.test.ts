import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { readAll } from '../../../test/harness/byte-sources.ts';
import { placeAt } from '../../../test/harness/local-storage.ts';
import { type Nginx, startNginx } from '../../../test/harness/nginx.ts';
import { createNetwork } from '../../network/create-network.ts';
import type { StoragePlace } from '../storage.ts';
import { openWebClient } from './client.ts';
import { getOverWeb } from './get.ts';

const { signal } = new AbortController();
const content = Buffer.from('0123456789');

let server: Nginx;
before(async () => {
  server = await startNginx();
  await mkdir(path.join(server.root, 'folder'));
  await writeFile(path.join(server.root, 'ten'), content);
});
after(() => server[Symbol.asyncDispose]());

const urlOf = (where: string): URL => new URL(`http://127.0.0.1:${server.port}/${where}`);
const authorise = () => ({ authorization: 'Bearer secret' });

function open(place: StoragePlace = placeAt(urlOf(''))) {
  const client = openWebClient(place, authorise);
  const get = (where: string, range: { start: number; end: number } | null = null): Promise<Buffer> =>
    readAll(getOverWeb(client, urlOf(where), range, 'the file', signal));
  return { client, get, [Symbol.dispose]: () => client[Symbol.dispose]() };
}

describe('redirects', () => {
  it('of reads are followed, also to another port, up to five times', async () => {
    using at = open();
    for (const code of [301, 302, 303, 307, 308]) {
      assert.deepEqual(await at.get(`redirect/${code}/reading/ten`), content);
    }
    assert.deepEqual(await at.get('elsewhere/reading/ten'), content);
    const five = 'redirect/302/'.repeat(5);
    assert.deepEqual(await at.get(`${five}reading/ten`, { start: 2, end: 3 }), content.subarray(2, 4));
    await assert.rejects(at.get(`redirect/302/${five}reading/ten`), {
      code: 'storage-failed',
      message: /redirect \(302\) again after 5 others/,
      temporary: false,
    });
    await assert.rejects(at.get('loop/x'), { code: 'storage-failed' });
  });

  it('of writes are refused, with the host they lead to', async () => {
    using at = open();
    for (const method of ['PUT', 'DELETE', 'MOVE']) {
      await assert.rejects(at.client.send({ method, url: urlOf('elsewhere/files/x') }, signal), {
        code: 'storage-failed',
        message: new RegExp(
          `${method} with a redirect \\(307\\) to http://127\\.0\\.0\\.1:${server.otherPort}\\.$`,
        ),
      });
    }
  });

  it('do not take the credential to another origin', async () => {
    const heard: IncomingMessage['headers'][] = [];
    const stranger = createServer((request, response) => {
      heard.push(request.headers);
      if (request.url === '/back') response.writeHead(302, { location: '/final' });
      response.end('x');
    });
    stranger.listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    const other = `127.0.0.1:${(stranger.address() as AddressInfo).port}`;
    const own = createServer((_, response) =>
      response.writeHead(302, { location: `http://u:p@${other}/back` }).end(),
    );
    own.listen(0, '127.0.0.1');
    await once(own, 'listening');
    using at = open();
    const url = new URL(`http://127.0.0.1:${(own.address() as AddressInfo).port}/x`);
    const response = await at.client.send({ method: 'GET', url }, signal);
    assert.equal(await response.text(), 'x');
    assert.equal(heard.length, 2);
    for (const headers of heard) assert.equal(headers.authorization, undefined);
    for (const open of [own, stranger]) {
      open.close();
      open.closeAllConnections();
    }
  });

  it('are checked by the URL policy at every hop', async () => {
    const network = createNetwork({ allow: ['127.0.0.1'] });
    const metadata = createServer((_, response) =>
      response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data/' }).end(),
    );
    metadata.listen(0, '127.0.0.1');
    await once(metadata, 'listening');
    using at = open({ ...placeAt(urlOf('')), network });
    const url = new URL(`http://127.0.0.1:${(metadata.address() as AddressInfo).port}/x`);
    await assert.rejects(at.client.send({ method: 'GET', url }, signal), { code: 'address-refused' });
    metadata.close();
    metadata.closeAllConnections();
  });

  it('to a folder mean that there is no such file', async () => {
    using at = open();
    await assert.rejects(at.get('reading/folder'), { code: 'file-missing' });
  });
});

describe('ranges', () => {
  it('are cut out of the whole where the server ignores them', async () => {
    using at = open();
    for (const [start, end] of [
      [0, 0],
      [3, 7],
      [9, 9],
    ] as const) {
      assert.deepEqual(await at.get('norange/ten', { start, end }), content.subarray(start, end + 1));
    }
    await assert.rejects(at.get('norange/ten', { start: 9, end: 10 }), { code: 'dump-truncated' });
  });

  it('far behind the beginning are refused there', async () => {
    await writeFile(path.join(server.root, 'large'), Buffer.alloc(65 * 1024 ** 2));
    using at = open();
    const far = { start: 64 * 1024 ** 2 + 1, end: 64 * 1024 ** 2 + 9 };
    await assert.rejects(at.get('norange/large', far), { code: 'unsupported', message: /byte 67108865/ });
    assert.equal((await at.get('reading/large', far)).length, 9);
  });

  it('beyond the end are dump-truncated', async () => {
    using at = open();
    for (const range of [
      { start: 0, end: 10 },
      { start: 10, end: 10 },
    ]) {
      await assert.rejects(at.get('reading/ten', range), { code: 'dump-truncated', message: /has 10 bytes/ });
    }
  });
});

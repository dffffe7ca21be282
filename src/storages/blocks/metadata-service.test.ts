import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { placeAt } from '../../../test/harness/local-storage.ts';
import { createNetwork } from '../../network/create-network.ts';
import { instanceToken as azureToken } from '../azure/instance-token.ts';
import { instanceToken as gcsToken } from '../gcs/token.ts';
import { askMetadataService } from './metadata-service.ts';

/* Metadata services exist on machines of a cloud alone: this one answers as Azure and Google document theirs. */
describe('the metadata service', () => {
  const asked: { path: string; headers: IncomingHttpHeaders }[] = [];
  const { network } = placeAt('gs://bucket');
  const { signal } = new AbortController();
  const server = createServer(({ url = '', headers }, response) => {
    asked.push({ path: url, headers });
    const isAzure = url.startsWith('/metadata/identity/oauth2/token?') && headers.metadata === 'true';
    const isGoogle = url.startsWith('/computeMetadata/v1/') && headers['metadata-flavor'] === 'Google';
    if (isAzure) response.end(JSON.stringify({ access_token: 'azure', expires_on: '1893456000' }));
    else if (isGoogle) response.end(JSON.stringify({ access_token: 'google', expires_in: 3599 }));
    else if (url === '/text') response.end('hello');
    else response.writeHead(url === '/moved' ? 302 : 400, { location: '/text' }).end();
  });
  let origin = '';
  before(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => server.close());

  it('gives Azure a token of the managed identity, for storages', async () => {
    const token = await azureToken(signal, origin, network);
    assert.deepEqual(token, { token: 'azure', expiresOnTimestamp: 1_893_456_000_000 });
    const query = new URLSearchParams(asked.at(-1)?.path.split('?')[1]);
    assert.equal(query.get('resource'), 'https://storage.azure.com/');
  });

  it('gives Google a token of the service account', async () => {
    const before = Date.now();
    const { text, expiresAtMs } = await gcsToken(signal, origin, network);
    assert.equal(text, 'google');
    assert.ok(expiresAtMs >= before + 3_599_000 && expiresAtMs <= Date.now() + 3_599_000);
  });

  it('that gives none, or that is not there, is a denial', async () => {
    const denied = { code: 'storage-denied', temporary: false };
    for (const path of ['/other', '/text', '/moved']) {
      await assert.rejects(askMetadataService(new URL(path, origin), {}, signal, network), denied);
    }
    const nowhere = new URL('http://127.0.0.1:1/');
    await assert.rejects(askMetadataService(nowhere, {}, signal, network), denied);
    await assert.rejects(askMetadataService(nowhere, {}, signal, createNetwork({ allow: [] })), denied);
  });

  it('is not waited for after an abort', async () => {
    const stopping = new AbortController();
    stopping.abort();
    const asking = askMetadataService(new URL('/text', origin), {}, stopping.signal, network);
    await assert.rejects(asking, { name: 'AbortError' });
  });
});

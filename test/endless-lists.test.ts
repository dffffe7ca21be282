import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { storageDrivers } from '../src/app.ts';
import { Secret } from '../src/base/secret.ts';
import { createNetwork } from '../src/network/create-network.ts';
import { createStorageStack } from '../src/storages/stack.ts';
import type { OpenedCredential } from '../src/storages/storage.ts';
import { listAll } from './harness/byte-sources.ts';

/** No server that can be had does this: it answers each question for a page with the same one, and says that there are more behind it. */
const pages: readonly { readonly asked: RegExp; readonly answer: string }[] = [
  {
    asked: /[?&]list-type=2/,
    answer:
      '<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken></ListBucketResult>',
  },
  {
    asked: /[?&]uploads/,
    answer:
      '<ListMultipartUploadsResult><IsTruncated>true</IsTruncated><NextKeyMarker>k</NextKeyMarker><NextUploadIdMarker>u</NextUploadIdMarker></ListMultipartUploadsResult>',
  },
  {
    asked: /comp=list/,
    answer: '<EnumerationResults><Blobs/><NextMarker>t</NextMarker></EnumerationResults>',
  },
  { asked: /^\/storage\/v1\/b\//, answer: '{"nextPageToken":"t"}' },
  {
    asked: /^\/v1\/AUTH_a\//,
    answer: '[{"name":"a","bytes":1,"last_modified":"2026-01-01T00:00:00.000000"}]',
  },
  { asked: /\/b\/bucket\/o\?/, answer: '{"objects":[],"nextStartWith":"t"}' },
  { asked: /\/b\/bucket\/u\?/, answer: '[]' },
];
let asked = 0;
const server = createServer(({ url = '' }, response) => {
  asked += 1;
  const page = pages.find((each) => each.asked.test(url));
  response.setHeader('opc-next-page', 't');
  response.setHeader(
    'content-type',
    page?.answer.startsWith('<') === true ? 'application/xml' : 'application/json',
  );
  response.end(page?.answer ?? '{}');
});
before(() => once(server.listen(0, '127.0.0.1'), 'listening'));
after(() => server.close().closeAllConnections());

const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});
const oci: OpenedCredential = {
  name: 'OCI',
  type: 'http',
  id: `ocid1.tenancy.oc1..a/ocid1.user.oc1..b/${'0f:'.repeat(15)}0f`,
  secret: new Secret(privateKey),
  options: { kind: 'oci' },
};
const stack = createStorageStack({
  drivers: storageDrivers,
  network: createNetwork({ allow: ['127.0.0.1'] }),
});

describe('a list that leads back to a page before it', () => {
  for (const [location, credential, sweeps] of [
    ['s3://bucket?endpoint=ORIGIN', null, true],
    ['az://bucket?endpoint=ORIGIN/account', null, true],
    ['gs://bucket?endpoint=ORIGIN', null, false],
    ['swift://bucket?endpoint=ORIGIN/v1/AUTH_a', null, true],
    ['ORIGIN/n/ns/b/bucket/o/', oci, true],
  ] as const) {
    for (const work of sweeps ? (['list', 'sweep'] as const) : (['list'] as const)) {
      it(`is given up: ${work} of ${location.replace('ORIGIN', 'http:')}`, async () => {
        asked = 0;
        const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
        const storage = stack.open(new URL(location.replace('ORIGIN', origin)), credential);
        const log = { debug() {}, info() {}, warn() {}, error() {} };
        const context = { signal: AbortSignal.timeout(10_000), log };
        const running = work === 'list' ? listAll(storage.list('', context)) : storage.sweep('', context);
        await assert.rejects(running, {
          code: 'storage-failed',
          temporary: false,
          message: /page before it/,
        });
        assert.equal(asked, 2);
      });
    }
  }
});

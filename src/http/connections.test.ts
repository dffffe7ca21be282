import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { makeSelfSignedCertificate } from '../../test/harness/self-signed-certificate.ts';
import { createTrackedServer } from './connections.ts';

test('an HTTP/2 client that never takes its answer does not keep its session for ever', async () => {
  const tracked = createTrackedServer(
    (_request, response) => response.end('taken'),
    { overTls: true, http2: true },
    { silentMs: 500, untakenMs: 50 },
  );
  const { server } = tracked;
  tracked.setCertificate(makeSelfSignedCertificate());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = connect(`https://127.0.0.1:${port}`, {
    rejectUnauthorized: false,
    settings: { initialWindowSize: 0 },
  });
  client.on('error', () => undefined);
  const stream = client.request({ ':path': '/' });
  stream.on('error', () => undefined);
  const [headers] = await once(stream, 'response');
  assert.equal(headers[':status'], 200);
  await once(client, 'close');
  server.close();
  tracked.closeAll();
  await once(server, 'close');
});

import assert from 'node:assert/strict';
import type { LookupAddress } from 'node:dns';
import { getEventListeners, once } from 'node:events';
import { createServer as createHttpServer, get as getHttp, type RequestListener } from 'node:http';
import { createServer as createHttpsServer, get as getHttps } from 'node:https';
import net from 'node:net';
import { describe, it } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { freePort } from '../../test/harness/free-port.ts';
import { makeSelfSignedCertificate } from '../../test/harness/self-signed-certificate.ts';
import { createNetwork } from './create-network.ts';
import type { Network, NetworkAgents } from './network.ts';

const signal = new AbortController().signal;
const refused = { code: 'address-refused', temporary: false };

/** Look-ups that answer with these addresses, one list after the other, the last one for ever. */
function answering(...lists: readonly (readonly string[])[]) {
  const asked: string[] = [];
  return {
    asked,
    lookupAll(
      host: string,
      _options: object,
      callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
    ): void {
      const list = lists[Math.min(asked.length, lists.length - 1)] ?? [];
      asked.push(host);
      const addresses = list.map((address) => ({ address, family: net.isIP(address) }));
      setImmediate(callback, null, addresses);
    },
  };
}

async function startServer<T extends net.Server>(server: T, host = '127.0.0.1') {
  const sockets = new Set<net.Socket>();
  server.on('connection', (socket: net.Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, host);
  await once(server, 'listening');
  return {
    port: (server.address() as net.AddressInfo).port,
    sockets,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

/** Status and body, or the error. */
async function fetched(agents: NetworkAgents, url: string): Promise<string> {
  const get = url.startsWith('https:') ? getHttps : getHttp;
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const request = get(url, { agent: url.startsWith('https:') ? agents.https : agents.http }, (response) => {
    let body = '';
    response.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    response.on('end', () => resolve(`${response.statusCode} ${body}`));
  });
  request.on('error', reject);
  return await promise;
}

function withAgents<T>(
  network: Network,
  work: (agents: NetworkAgents) => Promise<T>,
  ca: string | null = null,
) {
  const agents = network.agents({ maxSockets: 2, ca });
  return work(agents).finally(() => agents.destroy());
}

describe('connect', () => {
  it('gives a socket to an allowed address, by literal and by name', async () => {
    await using server = await startServer(net.createServer());
    const { lookupAll } = answering(['127.0.0.1']);
    const network = createNetwork({ allow: ['127.0.0.0/8'], lookupAll });
    for (const host of ['127.0.0.1', 'files.example']) {
      const socket = await network.connect(host, server.port, signal);
      assert.equal(socket.remotePort, server.port);
      assert.equal(socket.listenerCount('error'), 0);
      socket.destroy();
    }
  });

  it('refuses literal addresses in every spelling, before any connection', async () => {
    await using server = await startServer(net.createServer());
    const network = createNetwork({ allow: [] });
    for (const host of [
      '127.0.0.1',
      '::1',
      '[::1]',
      '::ffff:127.0.0.1',
      '[::ffff:7f00:1]',
      '169.254.169.254',
    ])
      await assert.rejects(network.connect(host, server.port, signal), refused, host);
    // The system reads these as 127.0.0.1, or not at all.
    for (const host of [
      '0x7f.1',
      '2130706433',
      '127.1',
      '0177.0.0.1',
      'localhost',
      'LOCALHOST.',
      '127.0.0.1.',
    ])
      await assert.rejects(
        network.connect(host, server.port, signal),
        (error: Error & { code?: string }) =>
          error.code === 'address-refused' || (error.code === 'storage-unreachable' && host !== 'localhost'),
        host,
      );
    assert.equal(server.sockets.size, 0);
  });

  it('connects to the address that was checked: a second answer has no chance', async () => {
    await using server = await startServer(net.createServer());
    const rebinding = answering(['127.0.0.1'], ['127.0.0.2']);
    const network = createNetwork({ allow: ['127.0.0.1'], lookupAll: rebinding.lookupAll });
    const socket = await network.connect('rebinding.example', server.port, signal);
    assert.equal(socket.remoteAddress, '127.0.0.1');
    assert.equal(rebinding.asked.length, 1);
    socket.destroy();
    await assert.rejects(network.connect('rebinding.example', server.port, signal), {
      ...refused,
      message: /^rebinding\.example is 127\.0\.0\.2, which is a loopback address/,
    });
  });

  it('refuses a name when one of its addresses is refused', async () => {
    await using server = await startServer(net.createServer());
    for (const addresses of [
      ['8.8.8.8', '127.0.0.1'],
      ['2606:4700::1111', '::1'],
      ['::ffff:10.0.0.1'],
      ['fe80::1%lo'],
    ]) {
      const network = createNetwork({ allow: [], lookupAll: answering(addresses).lookupAll });
      await assert.rejects(network.connect('mixed.example', server.port, signal), refused, addresses.join());
    }
    assert.equal(server.sockets.size, 0);
  });

  it('says how to allow the address in words that url-allow takes; of metadata services it says what they are', async () => {
    const hintOf = async (host: string, address: string): Promise<string> => {
      const network = createNetwork({ allow: [], lookupAll: answering([address]).lookupAll });
      const error = await network.connect(host, 1, signal).catch((refusal: unknown) => refusal);
      return (error as { readonly hint: string }).hint;
    };
    for (const [host, address, entry] of [
      ['127.1', '127.0.0.1', '127.0.0.1'],
      ['2130706433', '127.0.0.1', '127.0.0.1'],
      ['0x7f.1', '127.0.0.1', '127.0.0.1'],
      ['[::1]', '::1', '::1'],
      ['minio.example', '10.0.0.7', 'minio.example'],
      ['localhost.', '127.0.0.1', 'localhost.'],
    ] as const) {
      const hint = await hintOf(host, address);
      assert.equal(hint.split('PUMPHOUSE_URL_ALLOW=')[1], `${entry}.`, host);
      await assert.doesNotReject(async () => createNetwork({ allow: [entry] }), host);
    }
    for (const [host, address] of [
      ['169.254.169.254', '169.254.169.254'],
      ['2852039166', '169.254.169.254'],
      ['metadata.example', '169.254.169.254'],
      ['100.100.100.200', '100.100.100.200'],
      ['[fd00:ec2::254]', 'fd00:ec2::254'],
    ] as const) {
      const hint = await hintOf(host, address);
      assert.match(hint, /keys of this machine/, host);
      assert.doesNotMatch(hint, /url-allow/i, host);
    }
  });

  it('takes an address of an earlier connection without another look-up, and checks it', async () => {
    await using server = await startServer(net.createServer());
    const names = answering(['127.0.0.1']);
    const network = createNetwork({ allow: ['127.0.0.1'], lookupAll: names.lookupAll });
    const socket = await network.connect('files.example', server.port, signal, '127.0.0.1');
    socket.destroy();
    assert.equal(names.asked.length, 0);
    await assert.rejects(network.connect('files.example', server.port, signal, '127.0.0.2'), refused);
  });

  it('says why nobody is reached', async () => {
    const network = createNetwork({ allow: ['127.0.0.1'] });
    const port = await freePort();
    await assert.rejects(network.connect('127.0.0.1', port, signal), {
      code: 'storage-unreachable',
      temporary: true,
      message: `127.0.0.1:${port} cannot be reached: the connection is refused.`,
    });
    const failing = createNetwork({
      allow: [],
      lookupAll: (_host, _options, callback) =>
        setImmediate(callback, Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }), []),
    });
    await assert.rejects(failing.connect('nowhere.example', 1, signal), {
      code: 'storage-unreachable',
      temporary: false,
      message: 'nowhere.example:1 cannot be reached: the host name is unknown.',
    });
  });

  it('an abort at any moment leaves no socket and no listener', async () => {
    await using server = await startServer(net.createServer());
    const reason = new Error('stop');
    for (const moment of ['before', 'look-up', 'connecting'] as const) {
      const stopping = new AbortController();
      const { promise: asked, resolve } = Promise.withResolvers<void>();
      const network = createNetwork({
        allow: ['127.0.0.1'],
        lookupAll: (_host, _options, callback) => {
          setImmediate(() => {
            if (moment === 'look-up') stopping.abort(reason);
            callback(null, [{ address: '127.0.0.1', family: 4 }]);
            if (moment === 'connecting') setImmediate(() => stopping.abort(reason));
          });
          resolve();
        },
      });
      if (moment === 'before') stopping.abort(reason);
      const connecting = network.connect('files.example', server.port, stopping.signal);
      if (moment === 'connecting') {
        // Whoever comes first: a connection that is there is the caller's.
        const socket = await connecting.catch(() => null);
        socket?.destroy();
      } else await assert.rejects(connecting, { message: 'stop' });
      if (moment !== 'before') await asked;
      assert.equal(getEventListeners(stopping.signal, 'abort').length, 0);
    }
    for (const socket of server.sockets) await once(socket, 'close');
    assert.equal(server.sockets.size, 0);
  });
});

describe('agents', () => {
  const hello: RequestListener = (_request, answer) => answer.end('hello');

  it('refuse literal addresses, names, and what a name becomes later', async () => {
    await using server = await startServer(createHttpServer(hello));
    const names = answering(['127.0.0.1'], ['127.0.0.2']);
    const network = createNetwork({ allow: ['127.0.0.1'], lookupAll: names.lookupAll });
    await withAgents(network, async (agents) => {
      assert.equal(await fetched(agents, `http://127.0.0.1:${server.port}/`), '200 hello');
      assert.equal(await fetched(agents, `http://files.example:${server.port}/`), '200 hello');
    });
    await withAgents(network, async (agents) => {
      await assert.rejects(fetched(agents, `http://files.example:${server.port}/`), refused);
      for (const host of ['127.0.0.2', '[::1]', '[::ffff:127.0.0.2]', '0x7f.2', '2130706434'])
        for (const scheme of ['http', 'https'])
          await assert.rejects(fetched(agents, `${scheme}://${host}:${server.port}/`), refused, host);
    });
  });

  it('refuse requests that waited for their turn, as failed connections', async () => {
    const network = createNetwork({ allow: [] });
    await withAgents(network, async (agents) => {
      const asking = Array.from({ length: 9 }, () => fetched(agents, 'http://127.0.0.1:9/'));
      for (const each of await Promise.allSettled(asking))
        assert.equal(each.status === 'rejected' && each.reason.code, 'address-refused');
    });
  });

  it('use a connection again, and open no more than they may', async () => {
    let open = 0;
    let most = 0;
    let connections = 0;
    const slow: RequestListener = (_request, answer) => {
      open += 1;
      most = Math.max(most, open);
      setTimeout(() => {
        open -= 1;
        answer.end('hello');
      }, 5);
    };
    const server = createHttpServer(slow).on('connection', () => {
      connections += 1;
    });
    await using started = await startServer(server);
    await withAgents(createNetwork({ allow: ['127.0.0.1'] }), async (agents) => {
      const url = `http://127.0.0.1:${started.port}/`;
      await Promise.all(Array.from({ length: 10 }, () => fetched(agents, url)));
      assert.equal(most, 2);
      assert.equal(connections, 2);
      await fetched(agents, url);
      assert.equal(connections, 2);
    });
  });

  it('trust the certificates given besides the known ones, for the name in the URL', async () => {
    const { key, certificate } = makeSelfSignedCertificate();
    const seen: (string | false)[] = [];
    const server = createHttpsServer({ key, cert: certificate }, (request, answer) => {
      seen.push((request.socket as TLSSocket & { servername: string | false }).servername);
      answer.end('hello');
    });
    await using started = await startServer(server);
    const network = createNetwork({
      allow: ['127.0.0.1'],
      lookupAll: answering(['127.0.0.1']).lookupAll,
    });
    await withAgents(
      network,
      async (agents) => {
        assert.equal(await fetched(agents, `https://localhost:${started.port}/`), '200 hello');
        assert.deepEqual(seen, ['localhost']);
        assert.equal(await fetched(agents, `https://127.0.0.1:${started.port}/`), '200 hello');
        await assert.rejects(fetched(agents, `https://elsewhere.example:${started.port}/`), {
          code: 'ERR_TLS_CERT_ALTNAME_INVALID',
        });
      },
      certificate,
    );
    await withAgents(network, (agents) =>
      assert.rejects(fetched(agents, `https://localhost:${started.port}/`), {
        code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
      }),
    );
  });
});

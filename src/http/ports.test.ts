import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:https';
import { type AddressInfo, connect as connectPlain, createServer } from 'node:net';
import { describe, it } from 'node:test';
import { connect as connectTls } from 'node:tls';
import {
  alice,
  aliceBasic,
  createMemoryLog,
  createServerFixture,
  fixtureApi,
  fixtureRoute,
  type LogLine,
  localBearer,
} from '../../test/harness/http-fixture.ts';
import {
  makeSelfSignedCertificate,
  type SelfSignedCertificate,
} from '../../test/harness/self-signed-certificate.ts';
import type { Api } from '../apis/api.ts';
import { AppError } from '../core/errors.ts';
import { createHttpPorts, type HttpPorts, type OwnPort } from './ports.ts';

const setting = { option: 'harbour.port', spelling: '--harbour-port N or PUMPHOUSE_HARBOUR_PORT' };
const dayMs = 24 * 60 * 60 * 1000;
const release = Promise.withResolvers<void>();
const begun = Promise.withResolvers<void>();

const harbour = (usual = 9443): Api => ({
  ...fixtureApi('harbour', '/v1', [
    fixtureRoute(
      '/who',
      async ({ caller, base: origin }) => ({ status: 200, body: { name: caller?.name ?? null, origin } }),
      {
        access: 'authenticated',
      },
    ),
    fixtureRoute('/maybe', async ({ caller }) => ({ status: 200, body: { name: caller?.name ?? null } }), {
      access: 'optional',
    }),
    fixtureRoute('/v2/who', async () => ({ status: 200, body: {} }), { atRoot: true }),
    fixtureRoute('/slow', async () => {
      begun.resolve();
      await release.promise;
      return { status: 200, body: { ok: true } };
    }),
  ]),
  morePrefixes: ['/v2'],
  tokenSchemes: ['JWT', 'Bearer'],
  ownPort: { usual },
});
const plain = fixtureApi('plain', '/plain', [
  fixtureRoute('/who', async ({ caller }) => ({ status: 200, body: { name: caller?.name ?? null } }), {
    access: 'authenticated',
    operationId: 'plainWho',
  }),
]);

interface Stage extends AsyncDisposable {
  readonly ports: HttpPorts;
  readonly lines: readonly LogLine[];
  certificate: SelfSignedCertificate;
}

function openPorts(port: OwnPort['port'], api = harbour()): Stage {
  const { log, lines } = createMemoryLog();
  const refuse = (): never => {
    throw new AppError('unauthenticated', { message: 'No.' });
  };
  const stage = { certificate: makeSelfSignedCertificate() };
  const ports = createHttpPorts(
    {
      apis: [api, plain],
      log,
      service: {
        authenticateUser: async () => alice,
        authenticateToken: async () => alice,
        authenticateJwt: async (token) => (token === 'token.of.harbour' ? alice : refuse()),
        isReady: () => true,
      },
      certificate: async () => stage.certificate,
    },
    { harbour: { ...setting, port } },
  );
  return Object.assign(stage, { ports, lines, [Symbol.asyncDispose]: () => ports.close(0) });
}

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** A request that checks the certificate. */
function get(url: string, ca: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const sent = request(url, { ca, headers, agent: false }, (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    response.once('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) }));
  });
  sent.once('error', reject).end();
  return promise;
}

describe('a port of its own', () => {
  it('serves its API and the health probes over TLS, in the words of the API, beside the common port', async () => {
    await using stage = openPorts(0);
    const { url, own } = await stage.ports.listen('127.0.0.1', 0);
    assert.deepEqual(
      own.map(({ api, title }) => [api, title]),
      [['harbour', 'harbour']],
    );
    const base = own[0]?.url ?? '';
    assert.match(base, /^https:\/\/127\.0\.0\.1:\d+$/);
    const ca = stage.certificate.certificate;
    const who = await get(`${base}/v1/who`, ca, { authorization: aliceBasic });
    assert.deepEqual(who, { status: 200, body: { name: 'alice', origin: base } });
    assert.equal((await get(`${base}/readyz`, ca)).status, 200);
    for (const path of ['/plain/who', '/v1/none', '/', '/v2/none']) {
      const { status, body } = await get(`${base}${path}`, ca);
      assert.deepEqual([status, body.api, body.code], [404, 'harbour', 'route-unknown'], path);
    }
    const common = await fetch(`${url}/v1/who`, { headers: { authorization: aliceBasic } });
    assert.equal(common.status, 200);
    assert.equal((await fetch(`${url}/plain/who`, { headers: { authorization: aliceBasic } })).status, 200);
    const at = async (path: string) =>
      ((await (await fetch(`${url}${path}`)).json()) as { api?: string }).api;
    assert.deepEqual(
      [await at('/v2/none'), await at('/v1/none'), await at('/none')],
      ['harbour', 'harbour', undefined],
    );
  });

  it('is told of when the usual one is taken, and missing then; one that was asked for must be free', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    try {
      await using usual = openPorts(null, harbour(port));
      const { url, own } = await usual.ports.listen('127.0.0.1', 0);
      assert.deepEqual(own, []);
      const warning = usual.lines.find(({ level }) => level === 'warn');
      assert.equal(warning?.message, 'an API answers at the common port alone');
      assert.match(String(warning?.data.reason), new RegExp(`Port ${port} of 127\\.0\\.0\\.1 is in use`));
      assert.equal((await fetch(`${url}/v1/who`, { headers: { authorization: aliceBasic } })).status, 200);

      await using asked = openPorts(port);
      await assert.rejects(asked.ports.listen('127.0.0.1', 0), {
        code: 'port-in-use',
        hint: `Choose another with ${setting.spelling}.`,
      });
    } finally {
      taken.close();
    }
  });

  it('stays open when the common port cannot be had, and listening is tried again', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    await using stage = openPorts(0);
    try {
      const { port } = taken.address() as AddressInfo;
      await assert.rejects(stage.ports.listen('127.0.0.1', port), { code: 'port-in-use' });
      const { own } = await stage.ports.listen('127.0.0.1', 0);
      assert.equal((await get(`${own[0]?.url}/healthz`, stage.certificate.certificate)).status, 200);
    } finally {
      taken.close();
    }
  });

  it('is not opened when it is off, nor for an API that asks for none', async () => {
    await using off = openPorts('off');
    assert.deepEqual((await off.ports.listen('127.0.0.1', 0)).own, []);
    const { ownPort: _, ...modest } = harbour();
    await using none = openPorts(0, modest);
    assert.deepEqual((await none.ports.listen('127.0.0.1', 0)).own, []);
  });

  it('lets requests finish when it closes, and neither idle nor half-made connections hold it up', async () => {
    const stage = openPorts(0);
    const { own } = await stage.ports.listen('127.0.0.1', 0);
    const { port } = new URL(own[0]?.url ?? '');
    const ca = stage.certificate.certificate;
    const slow = get(`${own[0]?.url}/v1/slow`, ca);
    await begun.promise;
    const half = connectPlain(Number(port), '127.0.0.1');
    await once(half, 'connect');
    const idle = connectTls({ port: Number(port), host: '127.0.0.1', ca });
    await once(idle, 'secureConnect');
    const ended = Promise.all([once(half, 'close'), once(idle, 'close')]);
    for (const socket of [half, idle]) socket.resume().on('error', () => undefined);
    const closed = stage.ports.close(60_000);
    await ended;
    release.resolve();
    assert.deepEqual(await slow, { status: 200, body: { ok: true } });
    await closed;
  });

  it('shows the certificate of the day, and keeps the last one while there is none', async (context) => {
    context.mock.timers.enable({ apis: ['setInterval'] });
    await using stage = openPorts(0);
    const { own } = await stage.ports.listen('127.0.0.1', 0);
    const reaches = async ({ certificate }: SelfSignedCertificate): Promise<number> =>
      (await get(`${own[0]?.url}/healthz`, certificate)).status;
    const first = stage.certificate;
    assert.equal(await reaches(first), 200);
    const second = makeSelfSignedCertificate();
    stage.certificate = second;
    assert.equal(await reaches(first), 200, 'not before the day is over');
    context.mock.timers.tick(dayMs);
    // The source has answered by then.
    await Promise.resolve();
    assert.equal(await reaches(second), 200);
    await assert.rejects(reaches(first));
    stage.certificate = { certificate: 'broken', key: 'broken' };
    context.mock.timers.tick(dayMs);
    await Promise.resolve();
    assert.equal(await reaches(second), 200);
    const told = stage.lines.filter(({ level }) => level === 'error').map(({ message }) => message);
    assert.deepEqual(told, ['the certificate cannot be renewed; the present one stays in use']);
  });

  it('does not start with a certificate that cannot be had', async () => {
    const { log } = createMemoryLog();
    const ports = createHttpPorts(
      {
        apis: [harbour()],
        log,
        service: createFailingService(),
        certificate: async () => {
          throw new AppError('option-invalid', { message: 'No certificate.' });
        },
      },
      { harbour: { ...setting, port: null } },
    );
    await assert.rejects(ports.listen('127.0.0.1', 0), { code: 'option-invalid' });
    await ports.close(0);
  });
});

function createFailingService() {
  const refuse = async (): Promise<never> => {
    throw new AppError('unauthenticated', { message: 'No.' });
  };
  return {
    authenticateUser: refuse,
    authenticateToken: refuse,
    authenticateJwt: refuse,
    isReady: () => true,
  };
}

describe('the words of the Authorization header', () => {
  const { server } = createServerFixture([harbour(), plain]);
  const nameAt = async (url: string, authorization?: string) => {
    const answer = await server.inject({
      url,
      headers: authorization === undefined ? {} : { authorization },
    });
    return answer.statusCode === 200 ? (answer.json() as { name: unknown }).name : answer.statusCode;
  };

  it('are those that the API declares, without regard to case', async () => {
    for (const scheme of ['JWT', 'jwt', 'Bearer', 'bearer'])
      assert.equal(await nameAt('/v1/who', `${scheme} token.of.harbour`), 'alice', scheme);
    assert.equal(await nameAt('/v1/who', aliceBasic), 'alice');
    assert.equal(await nameAt('/v1/who', localBearer), 'local');
    for (const wrong of [
      'JWT local-token',
      'JWT token.of.plain',
      'Bearer token.of.plain',
      'Token token.of.harbour',
    ])
      assert.equal(await nameAt('/v1/who', wrong), 401, wrong);
  });

  it('take no tokens where the API declares none', async () => {
    for (const scheme of ['JWT', 'Bearer'])
      assert.equal(await nameAt('/plain/who', `${scheme} token.of.plain`), 401, scheme);
    assert.equal(await nameAt('/plain/who', localBearer), 'local');
  });

  it('may be missing where they are optional, and not be wrong', async () => {
    assert.equal(await nameAt('/v1/maybe'), null);
    assert.equal(await nameAt('/v1/maybe', aliceBasic), 'alice');
    assert.equal(await nameAt('/v1/maybe', 'JWT token.of.plain'), 401);
    assert.equal(await nameAt('/v1/maybe', ''), 401);
  });
});

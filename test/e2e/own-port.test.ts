import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { request } from 'node:https';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { createSampleDatabase } from '../../src/cli/demo/sample-database.ts';
import { runCommand, spawnCommand } from '../harness/command-line.ts';
import { startMailServer } from '../harness/mail-server.ts';
import { basic } from '../harness/native-fixture.ts';
import { makeFolder, type TestFolder } from '../harness/with-folder.ts';

let folder: TestFolder;
before(async () => {
  folder = await makeFolder();
});
after(() => folder[Symbol.asyncDispose]());

const user = 'ann@example.net';
const [password, placePassword] = ['Lantern-7', 'Puffin-9'];

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** A request to the API's own port that checks the certificate. */
function call(
  url: string,
  ca: string,
  authorization: string,
  body?: Readonly<Record<string, unknown>>,
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const sent = request(
    url,
    {
      method: body === undefined ? 'GET' : 'POST',
      ca,
      agent: false,
      headers: { authorization, 'content-type': 'application/json' },
    },
    (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, body: text === '' ? null : JSON.parse(text) }),
      );
    },
  );
  sent.once('error', reject).end(body === undefined ? undefined : JSON.stringify(body));
  return promise;
}

describe('an API with a port of its own', () => {
  it('answers there over TLS to a user with an e-mail address and to tokens, and mails how an export ended', async () => {
    const data = folder.join('data');
    createSampleDatabase(folder.join('shop.db'));
    await runCommand(['database', 'add', 'shop', `sqlite:${folder.join('shop.db')}`, '--data', data]);
    const added = await runCommand(
      ['user', 'add', user, '--role', 'operator', '--password-stdin', '--data', data],
      { stdin: password },
    );
    assert.equal(added.code, 0, added.stderr);
    await using mailServer = await startMailServer();
    await using serving = spawnCommand([
      ...['serve', '--data', data, '--port', '0', '--redis-enterprise-port', '0', '--log-level', 'debug'],
      ...['--smtp-url', `smtp://127.0.0.1:${mailServer.port}`, '--smtp-from', 'pump@example.net'],
    ]);
    await serving.printed(/listens at http/);
    const base =
      /^Port of its own: (https:\/\/127\.0\.0\.1:\d+) \(Redis Enterprise/m.exec(serving.output())?.[1] ?? '';
    const service = JSON.parse(await readFile(`${data}/service.json`, 'utf8'));
    assert.deepEqual(service.ownPorts, { 'redis-enterprise': base });
    assert.equal((await stat(`${data}/tls.pem`)).mode & 0o777, 0o600);
    const ca = await readFile(`${data}/tls.pem`, 'utf8');

    assert.equal((await call(`${base}/healthz`, ca, '')).status, 200);
    const { body } = await call(`${base}/v1/users/authorize`, ca, basic(user, password), {});
    const token = `JWT ${(body as { access_token: string }).access_token}`;
    const listed = await call(`${base}/v1/bdbs?fields=uid,name`, ca, token);
    assert.deepEqual(listed, { status: 200, body: [{ uid: 1, name: 'shop' }] });
    const started = await call(`${base}/v1/bdbs/1/actions/export`, ca, token, {
      export_location: { type: 'url', url: `ftp://pump:${placePassword}@127.0.0.1:1/backups/` },
      email_notification: true,
    });
    assert.equal(started.status, 200, JSON.stringify(started.body));

    const [mail] = await mailServer.received(1);
    assert.deepEqual([mail?.from, mail?.to], ['pump@example.net', [user]]);
    assert.match(mail?.raw ?? '', /^Subject: Export EXPORT_\d+ of database shop failed/m);
    serving.child.kill('SIGTERM');
    const { code, stdout, stderr } = await serving.ended;
    assert.equal(code, 0, stderr);
    for (const secret of [placePassword, password, token.slice(4)]) {
      assert.ok(!mail?.raw.includes(secret));
      assert.ok(!`${stdout}${stderr}`.includes(secret));
    }
  });

  it('must be given the port that was asked for', async () => {
    const other = net.createServer().listen(0, '127.0.0.1');
    try {
      await new Promise((resolve) => other.once('listening', resolve));
      const { port } = other.address() as net.AddressInfo;
      await using serving = spawnCommand([
        ...['serve', '--data', folder.join('taken'), '--port', '0'],
        ...['--redis-enterprise-port', String(port)],
      ]);
      const { code, stdout, stderr } = await serving.ended;
      assert.deepEqual([code, stdout], [5, '']);
      assert.match(
        stderr,
        /^pumphouse: Port \d+ of 127\.0\.0\.1 is in use by another program\.\nChoose another with --redis-enterprise-port N or PUMPHOUSE_REDIS_ENTERPRISE_PORT\.\n$/,
      );
    } finally {
      other.close();
    }
  });

  it('refuses half of a certificate in one sentence', async () => {
    await using serving = spawnCommand([
      ...['serve', '--data', folder.join('half'), '--port', '0', '--redis-enterprise-port', '0'],
      ...['--tls-key', '/etc/hostname'],
    ]);
    const { code, stderr } = await serving.ended;
    assert.equal(code, 2);
    assert.match(stderr, /^pumphouse: The option tls-certificate is missing: .*\n[^\n]+\n$/);
  });
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import ssh2, { type AuthContext, type Connection, type ServerChannel, type Stats } from 'ssh2';
import { makeSshKey } from '../../../test/harness/ssh-key.ts';
import { Secret } from '../../base/secret.ts';
import { createNetwork } from '../../network/create-network.ts';
import { connectSftp } from './connect.ts';
import { fingerprintOf } from './host-key.ts';
import type { SftpSession } from './session.ts';

const network = createNetwork({ allow: ['127.0.0.1'] });
const { signal } = new AbortController();
const key = makeSshKey();
const parsed = ssh2.utils.parseKey(key.public);
const pin = parsed instanceof Error ? '' : fingerprintOf(parsed.getPublicSSH());

/** What OpenSSH cannot be made to do: a server of ssh2's own, with `behave` for each connection. Resolves to what `connectSftp` does. */
async function connecting<T>(
  behave: (client: Connection) => void,
  work: (connected: Promise<SftpSession>) => Promise<T>,
): Promise<T> {
  const clients: Connection[] = [];
  const server = new ssh2.Server({ hostKeys: [key.private] }, (client) => {
    clients.push(client);
    client.on('error', () => undefined);
    behave(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const connected = connectSftp(
    {
      host: '127.0.0.1',
      port,
      user: 'user',
      credential: { name: 'C', type: 'sftp', id: 'user', secret: new Secret('password') },
      pins: [pin],
      network,
      subject: 'sftp://host',
    },
    signal,
  );
  try {
    return await work(connected);
  } finally {
    await connected.then((session) => session.destroy()).catch(() => undefined);
    for (const client of clients) client.end();
    server.close();
  }
}

const letIn = (context: AuthContext): void => context.accept();
const offerSftp = (client: Connection, serve: (sftp: ServerChannel) => void): void => {
  client.on('session', (accept) => {
    accept().on('sftp', (acceptSftp) => serve(acceptSftp() as unknown as ServerChannel));
  });
};

describe('SSH connection', () => {
  it('answers the one question of a server that takes no plain password', () =>
    connecting(
      (client) => {
        client.on('authentication', (context) => {
          if (context.method !== 'keyboard-interactive') return context.reject(['keyboard-interactive']);
          context.prompt([{ prompt: 'Password: ', echo: false }], (answers) =>
            answers[0] === 'password' ? context.accept() : context.reject(),
          );
        });
        offerSftp(client, () => undefined);
      },
      async (connected) => assert.equal((await connected).isUsable, true),
    ));

  it('does not answer other questions with the password', () =>
    connecting(
      (client) => {
        client.on('authentication', (context) => {
          if (context.method !== 'keyboard-interactive') return context.reject(['keyboard-interactive']);
          context.prompt([{ prompt: 'Your name: ', echo: true }], (answers) => {
            assert.deepEqual(answers, []);
            context.reject();
          });
        });
      },
      async (connected) => await assert.rejects(connected, { code: 'storage-denied' }),
    ));

  it('says when the user is let in, but not to SFTP', () =>
    connecting(
      (client) => {
        client.on('authentication', letIn);
        client.on('session', (accept) => {
          accept().on('sftp', (_accept, reject) => reject());
        });
      },
      async (connected) =>
        await assert.rejects(connected, { code: 'storage-denied', message: /not to SFTP/ }),
    ));

  it('is unreachable when the server hangs up', () =>
    connecting(
      (client) => client.on('authentication', () => client.end()),
      async (connected) => await assert.rejects(connected, { code: 'storage-unreachable', temporary: true }),
    ));

  it('ends its requests when the server ends SFTP, and is not used again', () =>
    connecting(
      (client) => {
        client.on('authentication', letIn);
        offerSftp(client, (sftp) => sftp.on('STAT', () => sftp.end()));
      },
      async (connected) => {
        const session = await connected;
        const asked = session.request<Stats>((sftp, done) => sftp.stat('/x', done));
        await assert.rejects(asked, { code: 'storage-unreachable', temporary: true });
        assert.equal(session.isUsable, false);
        // ssh2 alone would never answer this one.
        const later = session.request<Stats>((sftp, done) => sftp.stat('/x', done));
        await assert.rejects(later, { code: 'storage-unreachable' });
      },
    ));

  it('is not fit for another call while an answer is still to come', () =>
    connecting(
      (client) => {
        client.on('authentication', letIn);
        offerSftp(client, () => undefined);
      },
      async (connected) => {
        const session = await connected;
        const asked = session.request<Stats>((sftp, done) => sftp.stat('/x', done));
        session.interrupt(new Error('stop'));
        await assert.rejects(asked, /stop/);
        assert.equal(session.isUsable, false);
      },
    ));

  it('gives up what is under way when interrupted, but not a commit', () =>
    connecting(
      (client) => {
        client.on('authentication', letIn);
        offerSftp(client, () => undefined);
      },
      async (connected) => {
        const session = await connected;
        const committed = session.commit((sftp, done) => sftp.rename('/x', '/y', done));
        session.interrupt(new Error('stop'));
        session.destroy();
        await assert.rejects(committed, { code: 'storage-unreachable' });
      },
    ));
});

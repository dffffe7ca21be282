import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import type { SelfSignedCertificate } from './self-signed-certificate.ts';

/** A mail as the server took it. */
export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  /** Head and body as they came over the wire. */
  readonly raw: string;
  /** Whether the connection was under TLS. */
  readonly secure: boolean;
  readonly user: string | null;
}

export interface MailServerOptions {
  /** Offers STARTTLS; with `fromTheStart` it speaks nothing else. */
  readonly certificate?: SelfSignedCertificate;
  readonly fromTheStart?: boolean;
  /** The one who may send; default: everybody. */
  readonly user?: { readonly name: string; readonly password: string };
  /** What becomes of a mail: an answer that refuses it, or null. Asked before it is kept. */
  readonly refuse?: (mail: ReceivedMail) => { readonly code: number; readonly text: string } | null;
  /** Addresses that are refused for good. */
  readonly refusedRecipients?: readonly string[];
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Told of every login, right or wrong. */
  readonly onLogin?: () => void;
}

/** A real SMTP server on the loopback. */
export interface MailServer extends AsyncDisposable {
  readonly port: number;
  readonly mails: readonly ReceivedMail[];
  /** Waits until there are that many. */
  received(count: number): Promise<readonly ReceivedMail[]>;
}

export async function startMailServer(options: MailServerOptions = {}): Promise<MailServer> {
  const { certificate, fromTheStart = false, user, refuse = () => null, refusedRecipients = [] } = options;
  const mails: ReceivedMail[] = [];
  const waiting = new Set<() => void>();
  const server = new SMTPServer({
    secure: fromTheStart,
    ...(certificate === undefined ? {} : { key: certificate.key, cert: certificate.certificate }),
    disabledCommands: [
      ...(certificate === undefined ? ['STARTTLS'] : []),
      ...(user === undefined ? ['AUTH'] : []),
    ],
    authOptional: user === undefined,
    allowInsecureAuth: true,
    disableReverseLookup: true,
    onAuth({ username, password }, _session, done) {
      options.onLogin?.();
      if (user !== undefined && username === user.name && password === user.password)
        done(null, { user: username });
      else done(new Error(`${username} with ${password} is not known here`));
    },
    onRcptTo({ address }, _session, done) {
      if (!refusedRecipients.includes(address)) return done();
      done(Object.assign(new Error('No such mailbox'), { responseCode: 550 }));
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        const mail: ReceivedMail = {
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          raw: Buffer.concat(chunks).toString('utf8'),
          secure: session.secure,
          user: session.user === undefined ? null : String(session.user),
        };
        const refusal = refuse(mail);
        if (refusal !== null) {
          done(Object.assign(new Error(refusal.text), { responseCode: refusal.code }));
          return;
        }
        mails.push(mail);
        done();
        for (const look of waiting) look();
      });
    },
  });
  // Clients that break off are what tests do.
  server.on('error', () => undefined);
  server.listen(options.port ?? 0, options.host ?? '127.0.0.1');
  await once(server.server, 'listening');
  return {
    port: (server.server.address() as AddressInfo).port,
    mails,
    received: (count) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (mails.length < count) return;
          waiting.delete(look);
          resolve(mails);
        };
        waiting.add(look);
        look();
      }),
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(resolve)),
  };
}

import { hostname } from 'node:os';
import { createTransport } from 'nodemailer';
import type { Secret } from '../base/secret.ts';
import { AppError } from '../core/errors.ts';
import { classifyMailError } from './classify.ts';
import type { Mailer } from './mailer.ts';

export interface SmtpOptions {
  /** `smtp://user@host:port` or `smtps://...`, without a password. */
  readonly url: string;
  readonly password: Secret | null;
  /** Address of the sender; null: one at the name of this machine. */
  readonly from: string | null;
}

const connectMs = 20_000;
const silenceMs = 60_000;

/**
 * A mailer over SMTP, with a connection for each mail. A password goes over TLS only, save to this machine itself. Opens nothing before the
 * first mail. Throws `option-invalid` when user and password do not belong together.
 */
export function createSmtpMailer({ url, password, from }: SmtpOptions): Mailer {
  const { protocol, hostname: host, port, username } = new URL(url);
  const user = decodeURIComponent(username);
  if ((user === '') !== (password === null)) {
    throw new AppError('option-invalid', {
      field: user === '' ? 'smtp-url' : 'smtp-password',
      message:
        user === ''
          ? 'smtp-password is given, and smtp-url names no user.'
          : `smtp-url names the user ${user}, and smtp-password is missing.`,
      hint: 'Give both: smtp://user@host:port, and the password as PUMPHOUSE_SMTP_PASSWORD.',
    });
  }
  const sender = from ?? `pumphouse@${hostname()}`;
  const isHere = ['localhost', '127.0.0.1', '[::1]'].includes(host);
  const secure = protocol === 'smtps:';
  const transport = createTransport({
    host: host.replace(/^\[|\]$/g, ''),
    port: port === '' ? (secure ? 465 : 25) : Number(port),
    secure,
    requireTLS: !secure && password !== null && !isHere,
    ...(password === null ? {} : { auth: { user, pass: password.reveal() } }),
    connectionTimeout: connectMs,
    greetingTimeout: connectMs,
    socketTimeout: silenceMs,
    // What a mail says is text and nothing else.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const server = `${host}${port === '' ? '' : `:${port}`}`;

  return {
    async send({ to, subject, text, id }, signal) {
      try {
        const { rejected } = await transport.sendMail({
          from: { name: 'Pumphouse', address: sender },
          to: to.map((address) => ({ name: '', address })),
          subject,
          text,
          messageId: `<${id}@${sender.slice(sender.indexOf('@') + 1)}>`,
          // Nobody's out-of-office note should answer a program.
          headers: { 'Auto-Submitted': 'auto-generated' },
          signal,
        });
        return rejected;
      } catch (error) {
        throw classifyMailError(error, server);
      }
    },
  };
}

import { AppError } from '../core/errors.ts';

/** What is read of an error of nodemailer. */
interface SmtpError {
  readonly code?: unknown;
  readonly responseCode?: unknown;
  readonly response?: unknown;
  readonly message?: unknown;
}

const longestAnswer = 200;

/**
 * Any error of sending a mail. What the server refuses for good (a 5xx answer to sender, address or text) no other try changes; a wrong
 * password somebody may correct, and everything else may pass.
 * @param server `mail.example.net:587`
 */
export function classifyMailError(error: unknown, server: string): AppError {
  const { code, responseCode, response, message } = (error ?? {}) as SmtpError;
  const isAboutMail = code === 'EENVELOPE' || code === 'EMESSAGE';
  const isRefused = isAboutMail && typeof responseCode === 'number' && responseCode >= 500;
  const isLogin = code === 'EAUTH' || code === 'ENOAUTH';
  return new AppError('mail-unsent', {
    message: `The mail server ${server} ${problemOf(code, typeof response === 'string' ? response : message)}.`,
    ...(isLogin ? { hint: 'Correct smtp-url and smtp-password, and start Pumphouse again.' } : {}),
    temporary: !isRefused,
    context: { server, smtp: typeof responseCode === 'number' ? responseCode : null },
    cause: error,
  });
}

function problemOf(code: unknown, said: unknown): string {
  switch (code) {
    case 'EABORT':
      return 'was given up, since the service stops';
    case 'EAUTH':
    case 'ENOAUTH':
      // Some servers repeat what they were sent.
      return 'does not take the user and password';
    case 'EDNS':
      return 'cannot be found';
    case 'ETIMEDOUT':
      return 'does not answer';
    case 'ETLS':
      return `offers no TLS that could be used: ${oneLine(said)}`;
    default:
      return `did not take the mail: ${oneLine(said)}`;
  }
}

/** What a server says may be long, and end in a full stop of its own. */
const oneLine = (said: unknown): string =>
  String(said ?? 'no reason given')
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, longestAnswer)
    .replace(/\.+$/, '');

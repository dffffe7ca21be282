import { text } from 'node:stream/consumers';
import { AppError } from '../core/errors.ts';
import type { CliHost } from './host.ts';

/** The first line of standard input, without its end: how passwords come, so that none stands on a command line. */
export async function readSecretLine(host: CliHost): Promise<string> {
  const [line = ''] = (await text(host.stdin)).split(/\r?\n/);
  if (line === '') {
    throw new AppError('usage', {
      message: 'Standard input holds no password.',
      hint: 'Give it as the first line: printf \'%s\\n\' "$PASSWORD" | pumphouse ... --password-stdin',
    });
  }
  return line;
}

/** The first lines of standard input, without their ends: several passwords. None is read, and none may be missing or empty. */
export async function readSecretLines(host: CliHost, count: number): Promise<readonly string[]> {
  if (count === 0) return [];
  const lines = (await text(host.stdin)).split(/\r?\n/).slice(0, count);
  if (lines.length === count && lines.every((line) => line !== '')) return lines;
  throw new AppError('usage', {
    message: `Standard input does not hold ${count === 1 ? 'a password' : `${count} passwords`}.`,
    hint: 'Give one on each line, in the order of the flags: printf \'%s\\n\' "$PASSWORD" | pumphouse ... --password-stdin',
  });
}

/** All of standard input but a last line end, for secrets of several lines: private keys, key files. */
export async function readSecretText(host: CliHost): Promise<string> {
  const secret = withoutLastLineEnd(await text(host.stdin));
  if (secret !== '') return secret;
  throw new AppError('usage', {
    message: 'Standard input holds no secret.',
    hint: 'Send it there: pumphouse credential add NAME ... --secret-stdin < FILE',
  });
}

/** What editors and `echo` put behind a text is no part of it. */
export const withoutLastLineEnd = (secret: string): string => secret.replace(/\r?\n$/, '');

/** Whether somebody can be asked. */
export const isTerminal = (host: CliHost): boolean => (host.stdin as NodeJS.ReadStream).isTTY === true;

/** A password from the terminal, not shown while it is typed. */
export async function askSecret(host: CliHost, question: string): Promise<string> {
  const input = host.stdin as NodeJS.ReadStream;
  if (!isTerminal(host)) {
    throw new AppError('usage', { message: 'A password is needed.', hint: 'Give it with --password-stdin.' });
  }
  host.stderr.write(question);
  input.setRawMode(true);
  input.setEncoding('utf8');
  try {
    let typed = '';
    for await (const characters of input) {
      for (const character of characters as string) {
        if (character === '\r' || character === '\n') return typed;
        if (character === '\u0003') {
          throw new AppError('aborted', { message: 'Interrupted.', hint: 'Nothing was changed.' });
        }
        typed = character === '\u007f' ? typed.slice(0, -1) : typed + character;
      }
    }
    return typed;
  } finally {
    input.setRawMode(false);
    input.pause();
    host.stderr.write('\n');
  }
}

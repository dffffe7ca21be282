import { createInterface } from 'node:readline/promises';
import { AppError } from '../core/errors.ts';
import type { CliHost } from './host.ts';
import { isTerminal } from './read-secret.ts';

/** Asks at the terminal. Throws `usage` where there is none: there it has to be said with `--yes`. */
export async function isConfirmed(host: CliHost, question: string): Promise<boolean> {
  requireTerminal(host, 'There is no terminal to ask whether that is wanted.');
  const lines = createInterface({ input: host.stdin, output: host.stderr });
  // The end of the input, or Ctrl-C at the question, is no yes.
  const ended = new Promise<string>((resolve) => {
    lines.once('SIGINT', () => resolve(''));
    lines.once('close', () => resolve(''));
  });
  try {
    const answer = await Promise.race([lines.question(`${question} [y/N] `), ended]);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    lines.close();
  }
}

/** Throws `usage` with that sentence where nobody can be asked. */
export function requireTerminal(host: CliHost, message: string): void {
  if (!isTerminal(host)) throw new AppError('usage', { message, hint: 'Give --yes.' });
}

import { createInterface } from 'node:readline/promises';
import type { CliHost } from './host.ts';

/** What to do with a running job after Ctrl-C. */
export type InterruptChoice = 'stop' | 'cancel' | 'leave' | 'continue';

/** Asks on a terminal; elsewhere the job is stopped, which loses nothing. `canLeave`: a service goes on with the job by itself. */
export async function askWhatToDo(host: CliHost, canLeave: boolean): Promise<InterruptChoice> {
  if (host.stdin.isTTY !== true) return 'stop';
  const choices = new Map<string, InterruptChoice>([
    ['s', 'stop'],
    ['c', 'cancel'],
    ...(canLeave ? ([['l', 'leave']] as const) : []),
    ['', 'continue'],
  ]);
  const leave = canLeave ? ', [l]eave it running in the service' : '';
  const lines = createInterface({ input: host.stdin, output: host.stderr });
  // A second Ctrl-C at the question, or the end of the input, is taken for the careful answer.
  const again = new Promise<string>((resolve) => {
    lines.once('SIGINT', () => resolve('s'));
    lines.once('close', () => resolve('s'));
  });
  try {
    const question = `\n[s]top (can be resumed), [c]ancel (removes its files)${leave}, Enter to go on: `;
    const answer = await Promise.race([lines.question(question), again]);
    return choices.get(answer.trim().toLowerCase().slice(0, 1)) ?? 'continue';
  } finally {
    lines.close();
  }
}

import { spawn } from 'node:child_process';
import path from 'node:path';
import { type Cost, measure } from './measure.ts';

/** Runs one command line and measures it with all its children; fails with the end of its standard error when it fails. */
export function runCommand(
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Cost> {
  let pid: number | null = null;
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const child = spawn(command, args, {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { ...process.env, ...environment },
      });
      let errors = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        errors = (errors + text).slice(-4000);
      });
      pid = child.pid ?? null;
      child.once('error', reject);
      child.once('exit', (code) =>
        code === 0 ? resolve() : reject(new Error(`${path.basename(command)} ended with ${code}: ${errors}`)),
      );
    });
  return measure(() => pid, work);
}

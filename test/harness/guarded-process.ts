import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { installPackagesCommand, type ServerPackage } from './debian-packages.ts';

/** A program that ends with the test process, however that dies. Disposing ends it. */
export interface GuardedProcess extends AsyncDisposable {
  /** Resolves when `ask` does; throws with what the program said when it ends before, or not within 20 s. */
  ready(ask: () => Promise<void>): Promise<void>;
}

/** The program's end of the fourth pipe closes with this process. */
const guard = `
"$@" </dev/null 3<&- & pid=$!
(while read -r _ <&3; do :; done; kill "$pid" 2>/dev/null) &
exec 3<&-
wait "$pid"
`;

/**
 * Starts the server program of a Debian package.
 * @param log file that the program writes what goes wrong to; absent: it says that
 */
export function startGuarded(
  program: string,
  args: readonly string[],
  debianPackage: ServerPackage,
  log?: string,
): GuardedProcess {
  try {
    accessSync(program, constants.X_OK);
  } catch {
    throw new Error(
      `${program} is not installed for the tests. Install it with: ${installPackagesCommand([debianPackage])}`,
    );
  }
  const child = spawn('/bin/sh', ['-c', guard, 'guard', program, ...args], {
    cwd: '/',
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-20_000);
    });
  }
  child.unref();
  for (const stream of child.stdio) (stream as unknown as { unref?: () => void } | null)?.unref?.();
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const stop = async (): Promise<void> => {
    const ended = hasEnded() ? null : once(child, 'exit');
    child.ref();
    child.stdio[3]?.destroy();
    await ended;
  };
  return {
    async ready(ask) {
      for (let attempt = 0; ; attempt += 1) {
        try {
          return await ask();
        } catch (error) {
          if (hasEnded() || attempt > 400) {
            await stop();
            const logged = log !== undefined && existsSync(log) ? readFileSync(log, 'utf8') : '';
            throw new Error(`${program} did not start:\n${said}${logged}`, { cause: error });
          }
          await sleep(50);
        }
      }
    },
    [Symbol.asyncDispose]: stop,
  };
}

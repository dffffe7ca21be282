import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Programs of one test server, with a folder for their state. Disposing stops them and removes the folder. */
export interface Daemons extends AsyncDisposable {
  readonly folder: string;
  /** Starts a program that stays in the foreground; what it prints goes to `name.log` in the folder. */
  start(name: string, command: string, args: readonly string[]): ChildProcess;
  /** Asks until the answer is true. Throws with the logs' ends when a program ends, or after `seconds`. */
  ready(ask: () => Promise<boolean>, seconds?: number): Promise<void>;
  /** The ends of all logs. */
  logs(): string;
}

/** How long programs have to end by themselves. */
const patienceMs = 5000;

/** The folder is `os.tmpdir()/pumphouse-name-…`. When this process dies, however, programs and folder go too. */
export function openDaemons(name: string): Daemons {
  const folder = mkdtempSync(path.join(os.tmpdir(), `pumphouse-${name}-`));
  const guard = spawnGuard(folder);
  const running = new Map<string, ChildProcess>();

  const logs = (): string =>
    [...running.keys()]
      .map((each) => `${each}: ${readFileSync(path.join(folder, `${each}.log`), 'utf8').slice(-2000)}`)
      .join('\n');

  return {
    folder,
    logs,

    start(program, command, args) {
      const log = openSync(path.join(folder, `${program}.log`), 'a');
      const child = spawn(command, args, { cwd: folder, detached: true, stdio: ['ignore', log, log] });
      closeSync(log);
      child.unref();
      child.on('error', () => undefined);
      running.set(program, child);
      if (child.pid !== undefined) guard.stdin?.write(`${child.pid}\n`);
      return child;
    },

    async ready(ask, seconds = 30) {
      const end = performance.now() + seconds * 1000;
      while (!(await ask().catch(() => false))) {
        const ended = [...running].find(([, child]) => hasEnded(child));
        if (ended !== undefined) throw new Error(`${ended[0]} did not start:\n${logs()}`);
        if (performance.now() > end) throw new Error(`${name} is not ready after ${seconds} s:\n${logs()}`);
        await sleep(20);
      }
    },

    async [Symbol.asyncDispose]() {
      await Promise.all([...running.values()].map(stop));
      // Nothing is left for the guard to kill.
      guard.ref();
      guard.stdin?.end('none\n');
      await once(guard, 'exit');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const hasEnded = (child: ChildProcess): boolean =>
  child.pid === undefined || child.exitCode !== null || child.signalCode !== null;

async function stop(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  child.ref();
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs);
  await ended;
  clearTimeout(timer);
}

/** A process that outlives this one: when the pipe from here closes, it kills the programs whose ids it was told, and removes the folder. */
function spawnGuard(folder: string): ChildProcess {
  const script =
    'ids=; while read -r id; do case $id in none) ids=;; *) ids="$ids $id";; esac; done; ' +
    'test -z "$ids" || { kill -KILL $ids; sleep 0.2; rm -rf "$1"; } 2>/dev/null';
  const guard = spawn('/bin/sh', ['-c', script, 'guard', folder], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.unref();
  (guard.stdin as unknown as { unref(): void }).unref();
  return guard;
}

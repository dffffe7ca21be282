import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { Readable, Writable } from 'node:stream';
import { openApp } from '../../src/app.ts';
import { createStoreAdmin } from '../../src/app-store-admin.ts';
import { version } from '../../src/base/version.ts';
import { exitCodes } from '../../src/cli/exit-codes.ts';
import type { CliHost } from '../../src/cli/host.ts';
import { runCommandLine } from '../../src/cli/program.ts';
import { loadOptions } from '../../src/config/load-options.ts';
import { readStoreVersions } from '../../src/store/read-version.ts';

/** How a command ended. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandInput {
  /** All of its standard input. */
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Sends SIGINT to the command at its first line of output. */
  readonly interrupt?: boolean;
  /** Whether its standard input says that it is a terminal. */
  readonly isTerminal?: boolean;
}

/** Runs one command line in this process: quick, and everything but the process itself is as users have it. */
export async function runCommand(
  args: readonly string[],
  { stdin = '', env = {}, interrupt = false, isTerminal = false }: CommandInput = {},
): Promise<CommandResult> {
  const written = { stdout: '', stderr: '' };
  const listeners = new Set<(signal: 'SIGINT') => void>();
  const collect = (stream: keyof typeof written): Writable =>
    new Writable({
      decodeStrings: false,
      write(chunk: string, _encoding, done) {
        if (interrupt && written.stdout === '') for (const listener of listeners) listener('SIGINT');
        written[stream] += chunk;
        done();
      },
    });
  const host: CliHost = {
    version,
    stdin: Object.assign(Readable.from([stdin]), { isTTY: isTerminal }),
    stdout: collect('stdout'),
    stderr: collect('stderr'),
    loadOptions: (inputs) => loadOptions({ ...inputs, env }),
    openApp,
    readStoreVersions,
    storeAdmin: async (options) => createStoreAdmin(options),
    onInterrupt: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const end = await runCommandLine(host, args);
  return { code: exitCodes[end].code, ...written };
}

/** A command in a process of its own. */
export interface CommandProcess extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Waits until standard output has text that matches; fails when the process ends without. */
  printed(pattern: RegExp): Promise<string>;
  /** Its standard output so far. */
  output(): string;
  /** Waits until it has ended; a signal that ended it counts as 128 and its number, as in the shell. */
  readonly ended: Promise<CommandResult>;
}

export interface SpawnOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Run `./pumphouse` as users do, instead of its main file. */
  readonly launcher?: boolean;
  readonly cwd?: string;
  /** Options for Node itself; not with `launcher`. */
  readonly node?: readonly string[];
}

const checkout = path.resolve(import.meta.dirname, '../..');
const signalNumbers: Readonly<Record<string, number>> = { SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

/**
 * Starts one command line in a process of its own, which disposing kills. Its environment names no Pumphouse options but those given, and the
 * one that keeps services beside each other from a port that they share.
 */
export function spawnCommand(
  args: readonly string[],
  { env = {}, launcher = false, cwd = checkout, node = [] }: SpawnOptions = {},
): CommandProcess {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('PUMPHOUSE_'));
  const main = ['--disable-warning=ExperimentalWarning', ...node, path.join(checkout, 'src/main.ts')];
  const [program, lead] = launcher ? [path.join(checkout, 'pumphouse'), []] : [process.execPath, main];
  const child = spawn(program, [...lead, ...args], {
    cwd,
    env: {
      ...Object.fromEntries(own),
      UV_THREADPOOL_SIZE: '16',
      PUMPHOUSE_REDIS_ENTERPRISE_PORT: 'off',
      ...env,
    },
  });
  // The parent may be killed too: nothing may outlive it.
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);

  const written = { stdout: '', stderr: '' };
  const waiting = new Set<() => void>();
  const look = () => {
    for (const each of waiting) each();
  };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      written[stream] += text;
      look();
    });
  }
  let isOver = false;
  const ended = new Promise<CommandResult>((resolve) => {
    child.once('close', (code, signal) => {
      isOver = true;
      process.off('exit', end);
      look();
      resolve({ code: code ?? 128 + (signalNumbers[signal ?? ''] ?? 0), ...written });
    });
  });
  return {
    child,
    pid: child.pid ?? 0,
    ended,
    output: () => written.stdout,
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          const found = pattern.exec(written.stdout)?.[0];
          if (found === undefined && !isOver) return;
          waiting.delete(check);
          if (found !== undefined) resolve(found);
          else reject(new Error(`ended without ${pattern}:\n${written.stdout}\n${written.stderr}`));
        };
        waiting.add(check);
        check();
      }),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A process that a test may kill at any moment. */
export interface Child extends AsyncDisposable {
  /** The next line that begins with `prefix`; rejects when the process ends before. */
  line(prefix: string): Promise<string>;
  /** kill -9, and waits until it is gone. */
  kill(): Promise<void>;
  /** Waits for its end: the exit code, null if it was killed, and everything it printed. */
  end(): Promise<{
    readonly code: number | null;
    readonly lines: readonly string[];
    readonly errors: string;
  }>;
}

/** Starts a module with this Node. */
export function startChild(module: URL, args: readonly string[]): Child {
  const child = spawn(process.execPath, [fileURLToPath(module), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const closed = once(child, 'close');
  const lines: string[] = [];
  let errors = '';
  let wake = Promise.withResolvers<void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    wake.resolve();
    wake = Promise.withResolvers<void>();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  let read = 0;
  const kill = async () => {
    child.kill('SIGKILL');
    await closed;
  };
  return {
    kill,
    async line(prefix) {
      for (;;) {
        for (; read < lines.length; read++) {
          const line = lines[read] as string;
          if (!line.startsWith(prefix)) continue;
          read++;
          return line;
        }
        const ended = await Promise.race([wake.promise.then(() => false), closed.then(() => true)]);
        if (ended && read >= lines.length) throw new Error(`the child ended without "${prefix}": ${errors}`);
      }
    },
    async end() {
      await closed;
      return { code: child.exitCode, lines, errors };
    },
    [Symbol.asyncDispose]: kill,
  };
}

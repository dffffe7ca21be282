/**
 * Preloaded into a service (`--import`) that is to lose a worker thread: on SIGUSR2 the newest one is terminated, or, when none runs, the next
 * one soon after its start. What the service sees is a thread that ends without a word.
 */
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { isMainThread, type Worker, type WorkerOptions } from 'node:worker_threads';

/** The next thread lives this long at most, in milliseconds. */
const longestLifeMs = 200;

if (isMainThread) {
  const threads = createRequire(import.meta.url)('node:worker_threads') as { Worker: typeof Worker };
  const Original = threads.Worker;
  const running: Worker[] = [];
  let armed = false;
  threads.Worker = class extends Original {
    constructor(file: string | URL, options?: WorkerOptions) {
      super(file, options);
      running.push(this);
      this.once('exit', () => running.splice(running.indexOf(this), 1));
      if (!armed) return;
      armed = false;
      setTimeout(() => void this.terminate(), Math.random() * longestLifeMs).unref();
    }
  };
  syncBuiltinESMExports();
  process.on('SIGUSR2', () => {
    const newest = running.at(-1);
    if (newest === undefined) armed = true;
    else void newest.terminate();
  });
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

/** A put that another process begins and that is killed in the middle. */
export interface DoomedUpload {
  /** The file of the driver, absolute. */
  readonly module: string;
  /** What the driver is called there. */
  readonly driver: string;
  readonly url: string;
  readonly options: Readonly<Record<string, string>>;
  readonly credential: {
    readonly type: string;
    readonly id: string | null;
    readonly secret: string | null;
  } | null;
  readonly name: string;
  /** So many bytes have been taken by the storage when the process is killed. */
  readonly bytes: number;
}

/** Begins the put in a process of its own and kills that with SIGKILL. */
export async function killedUpload(upload: DoomedUpload): Promise<void> {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'endless-upload.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(JSON.stringify(upload));
  const [said] = (await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])) as [unknown];
  const reached = said instanceof Buffer;
  child.kill('SIGKILL');
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  if (!reached) throw new Error('The process ended before it had sent the bytes.');
}

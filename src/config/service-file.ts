import { readFile, unlink } from 'node:fs/promises';
import { replaceFile } from '../base/atomic-file.ts';

/** How the command line reaches the service that runs on a data folder. */
export interface RunningService {
  /** `http://127.0.0.1:8080` */
  readonly url: string;
  readonly pid: number;
  /** Bearer token of the local administrator. */
  readonly token: string;
  /** Where APIs answer that have ports of their own: URLs by id of the API. Absent in files of earlier versions. */
  readonly ownPorts?: Readonly<Record<string, string>>;
}

/** Tells the data folder about the service; readable for its owner alone. */
export async function writeServiceFile(path: string, service: RunningService): Promise<void> {
  await replaceFile(path, `${JSON.stringify(service)}\n`, 0o600);
}

/** The service of the data folder; null when none runs: no file, an unreadable one, or that of a process that is gone. */
export async function readServiceFile(path: string): Promise<RunningService | null> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(await readFile(path, 'utf8'));
  } catch {
    return null;
  }
  return isRunningService(parsed) && isAlive(parsed.pid) ? parsed : null;
}

/** Removes the file if it is about process `pid`. */
export async function removeServiceFile(path: string, pid: number): Promise<void> {
  try {
    const parsed: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (isRunningService(parsed) && parsed.pid === pid) await unlink(path);
  } catch {
    // Nothing there that would be ours.
  }
}

function isRunningService(value: unknown): value is RunningService {
  if (typeof value !== 'object' || value === null) return false;
  const { url, pid, token } = value as Record<string, unknown>;
  return typeof url === 'string' && typeof pid === 'number' && typeof token === 'string';
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of another user is alive all the same.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

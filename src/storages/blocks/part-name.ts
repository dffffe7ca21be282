import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * Names of unfinished uploads: `.<begin of the name>.<40 hex digits>.part`, in the folder of the file to be. The digits say who writes it,
 * so that a sweep knows whether that process still lives:
 *
 *     host (8)    hash of host name, boot and process-id namespace: within one, process ids can be compared
 *     pid (8)     process id
 *     start (16)  when that process started, in clock ticks after boot; 0 where the system does not tell
 *     random (8)
 */
const tagPattern = /^([0-9a-f]{8})([0-9a-f]{8})([0-9a-f]{16})[0-9a-f]{8}$/;
const namePattern = /\.([0-9a-f]{40})\.part$/;

/** A part of another host (or from before a reboot) that nobody wrote to for so long is given up. */
export const foreignPartLifeMs = 24 * 60 * 60 * 1000;

/** Leaves room for the digits below the 255 bytes that file systems take. */
const nameBytesKept = 100;

/** A fresh name for the unfinished form of the file `fileName` (without folder). */
export function partName(fileName: string): string {
  const begin = Buffer.from(fileName)
    .subarray(0, nameBytesKept)
    .toString()
    .replace(/\uFFFD+$/, '');
  return `.${begin}.${writerTag()}.part`;
}

/** Tags of this process whose uploads go on. */
const writing = new Set<string>();

/**
 * A fresh tag of 40 hex digits that says who writes, as in names of unfinished uploads. Whoever made it calls {@link writerEnded} when the
 * upload is over.
 */
export function writerTag(): string {
  const pid = process.pid.toString(16).padStart(8, '0');
  const start = (startOf(process.pid) ?? 0n).toString(16).padStart(16, '0');
  const tag = hostTag() + pid + start + randomBytes(4).toString('hex');
  writing.add(tag);
  return tag;
}

/**
 * The upload of that part name or tag is over, well or not: what is left of it can be swept from now on, although this process lives. A
 * failed upload often cannot clean up after itself, because the storage has gone.
 */
export function writerEnded(nameOrTag: string): void {
  writing.delete(namePattern.exec(nameOrTag)?.[1] ?? nameOrTag);
}

/** Whether nobody will finish the part any more. `modifiedMs` and `nowMs` count from the epoch. False for names not made by {@link partName}. */
export function isAbandoned(name: string, modifiedMs: number, nowMs: number): boolean {
  const [, tag = ''] = namePattern.exec(name) ?? [];
  return isWriterGone(tag, modifiedMs, nowMs);
}

/**
 * Whether the upload of the tag (see {@link writerTag}) is over or the process that made it gone. One of another host counts as gone when it last wrote at
 * `modifiedMs`, and that is long ago. False for what is no tag.
 */
export function isWriterGone(tag: string, modifiedMs: number, nowMs: number): boolean {
  const match = tagPattern.exec(tag);
  if (match === null) return false;
  const [, host = '', pid = '', start = ''] = match;
  if (host !== hostTag()) return nowMs - modifiedMs > foreignPartLifeMs;
  const writer = Number.parseInt(pid, 16);
  const startNow = startOf(writer);
  if (startNow === null || startNow !== BigInt(`0x${start}`)) return true;
  return writer === process.pid && !writing.has(tag);
}

/** Clock ticks from boot to the start of the process; 0 where the system does not tell, null when no such process lives. */
function startOf(pid: number): bigint | null {
  try {
    // proc(5): the command is in parentheses and may hold anything; field 22 is the 20th after it.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie writes no more.
    return fields[0] === 'Z' ? null : BigInt(fields[19] ?? 0);
  } catch {
    return hasProcFileSystem() ? null : livesBySignal(pid);
  }
}

function hasProcFileSystem(): boolean {
  try {
    readFileSync('/proc/self/stat');
    return true;
  } catch {
    return false;
  }
}

function livesBySignal(pid: number): bigint | null {
  try {
    process.kill(pid, 0);
    return 0n;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? 0n : null;
  }
}

function hostTag(): string {
  const facts = [
    hostname(),
    orEmpty(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    orEmpty(() => readlinkSync('/proc/self/ns/pid')),
  ];
  return createHash('sha256').update(facts.join('\n')).digest('hex').slice(0, 8);
}

function orEmpty(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}

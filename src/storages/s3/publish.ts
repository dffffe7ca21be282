import { createKeyedSerial } from '../../base/serial.ts';
import { AppError } from '../../core/errors.ts';
import type { PutOptions } from '../storage.ts';
import { classify, faultOf } from './classify.ts';
import { headObject } from './stat.ts';
import { liveKeyOf, type S3Target } from './target.ts';

/** One put on its way to being visible. */
export interface Publication {
  readonly target: S3Target;
  readonly ifExists: PutOptions['ifExists'];
  /** Random: what is found under the name is ours when it has this tag. */
  readonly tag: string;
}

/** Of the request that makes the object visible. */
export interface Condition {
  readonly IfNoneMatch?: '*';
}

/**
 * Tags of puts that failed for their callers because nobody knows what became of the request. The retry of such a put may find its own file,
 * which is in nobody's way.
 */
const inDoubt = new Set<string>();

/** Puts of this process that must not replace take turns, so that one wins at servers that know no conditions too. */
const inTurn = createKeyedSerial();

/**
 * Makes an object visible by `send`, and sees to it that it is as large as what was sent. `fail`: looks again, since servers that know no
 * conditions take no notice of them, and then sends `If-None-Match: *`. A request that got no answer counts when the object is there.
 */
export async function publish(
  publication: Publication,
  bytes: number,
  signal: AbortSignal,
  send: (condition: Condition) => Promise<unknown>,
): Promise<void> {
  const { target, ifExists, tag } = publication;
  try {
    if (ifExists === 'replace') await commit(publication, {}, signal, send);
    else {
      await inTurn(liveKeyOf(target.address, target.object.Key), async () => {
        signal.throwIfAborted();
        await commit(publication, await conditionOf(target, signal), signal, send);
      });
    }
    await checkStored(publication, bytes, signal);
  } catch (error) {
    if (signal.aborted || classify(error, 'put', target.subject).temporary) inDoubt.add(tag);
    throw error;
  }
}

async function commit(
  { target, tag }: Publication,
  condition: Condition,
  signal: AbortSignal,
  send: (condition: Condition) => Promise<unknown>,
): Promise<void> {
  try {
    await sendWith(condition, target, send);
  } catch (error) {
    if (signal.aborted || !classify(error, 'put', target.subject).temporary) throw error;
    const found = await look(target, signal).catch(() => null);
    if (found === null || found === 'denied' || found.tag !== tag) throw error;
  }
}

/** Where nobody can say what is stored, the answer to the commit counts. */
async function checkStored({ target, tag }: Publication, bytes: number, signal: AbortSignal): Promise<void> {
  const stored = await look(target, signal).catch(() => 'denied' as const);
  if (stored === 'denied') return;
  // Another writer may have replaced it already.
  if (stored !== null && (stored.tag !== tag || stored.bytes === bytes)) return;
  throw new AppError('storage-failed', {
    message: `${target.subject} has ${stored === null ? 'gone' : `${stored.bytes} bytes`} at the storage after ${bytes} bytes were stored.`,
    operation: 'put',
  });
}

/** Throws `file-exists` where the put must not replace what is there. */
export async function refuseExisting({ target, ifExists }: Publication, signal: AbortSignal): Promise<void> {
  if (ifExists === 'replace') return;
  const found = await look(target, signal);
  if (found !== null && found !== 'denied' && !isDoubtful(found)) throw fileExists(target.subject);
}

async function conditionOf(target: S3Target, signal: AbortSignal): Promise<Condition> {
  const found = await look(target, signal);
  if (found === null || found === 'denied')
    return target.connection.takesConditions ? { IfNoneMatch: '*' } : {};
  if (isDoubtful(found)) return {};
  throw fileExists(target.subject);
}

const isDoubtful = ({ tag }: { readonly tag: string | null }): boolean => tag !== null && inDoubt.has(tag);

async function sendWith(
  condition: Condition,
  { connection, subject }: S3Target,
  send: (condition: Condition) => Promise<unknown>,
): Promise<void> {
  try {
    await send(condition);
  } catch (error) {
    const { code, status } = faultOf(error);
    if (status === 412) throw fileExists(subject);
    if (condition.IfNoneMatch === undefined || (status !== 501 && code !== 'NotImplemented')) throw error;
    connection.takesConditions = false;
    await send({});
  }
}

/** `denied`: some keys may write and not look; and the request that follows says more about a wrong key. */
async function look(
  { connection, object }: S3Target,
  signal: AbortSignal,
): Promise<Awaited<ReturnType<typeof headObject>> | 'denied'> {
  try {
    return await headObject(connection.client, object, signal);
  } catch (error) {
    const { status } = faultOf(error);
    if (status !== null && status >= 300 && status < 500 && status !== 429 && status !== 408) return 'denied';
    throw error;
  }
}

const fileExists = (subject: string): AppError =>
  new AppError('file-exists', { message: `${subject} exists already.`, operation: 'put' });

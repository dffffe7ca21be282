import { createKeyedSerial } from '../../base/serial.ts';
import { AppError } from '../../core/errors.ts';
import { partName, writerEnded } from '../blocks/part-name.ts';
import { openSizedBody, type SizedBody } from '../blocks/sized-body.ts';
import type { ByteSource, PutOptions } from '../storage.ts';
import { refusalOf } from '../web/status.ts';
import { makeFolders } from './folders.ts';
import { type DavPlace, propfind, propfindAt } from './walk.ts';

/**
 * Servers look for the target and then rename, which is not one step: two commits of this process under one name would both see no file.
 */
const commits = createKeyedSerial();

/** Soon enough for whoever has aborted the upload. */
const cleanUpMs = { afterAbort: 800, afterFailure: 10_000 };

/** A part that is whole. */
interface Upload {
  readonly part: URL;
  readonly target: URL;
  readonly name: string;
  readonly bytes: number;
}

/** Uploads to a part beside the file to be, compares the size, and moves the part into place. */
export async function putFile(
  place: DavPlace,
  name: string,
  source: ByteSource,
  options: PutOptions,
  signal: AbortSignal,
): Promise<{ readonly bytes: number }> {
  const { address } = place;
  const target = address.of(name);
  const folder = name.slice(0, name.lastIndexOf('/') + 1);
  const ownName = partName(name.slice(folder.length));
  const part = new URL(encodeURIComponent(ownName), target);
  try {
    const bytes = await upload(place, part, name, source, options.onSent, signal);
    await checkSize(place, part, name, bytes, signal);
    const uploaded = { part, target, name, bytes };
    await commits(target.href, () => move(place, uploaded, options, signal));
    return { bytes };
  } catch (error) {
    await removePart(place, part, signal);
    throw error;
  } finally {
    writerEnded(ownName);
  }
}

async function upload(
  place: DavPlace,
  part: URL,
  name: string,
  source: ByteSource,
  onSent: PutOptions['onSent'],
  signal: AbortSignal,
): Promise<number> {
  using body = await openSizedBody(source, signal, onSent);
  if (await send(place, part, name, body, onSent, signal)) return body.bytes;
  await makeFolders(place, name.split('/').slice(0, -1), signal);
  if (body.canBeSent) {
    if (await send(place, part, name, body, onSent, signal)) return body.bytes;
  } else {
    // The server has taken a large body before it looked for the folder.
    using again = await openSizedBody(source, signal, onSent);
    if (await send(place, part, name, again, onSent, signal)) return again.bytes;
  }
  throw new AppError('storage-unwritable', {
    message: `${place.address.subject(name)} cannot be written: its folder does not exist and cannot be made.`,
    operation: 'put',
  });
}

/** False: the folder is not there. */
async function send(
  { client, address }: DavPlace,
  url: URL,
  name: string,
  { content }: SizedBody,
  onSent: PutOptions['onSent'],
  signal: AbortSignal,
): Promise<boolean> {
  const isKnown = content instanceof Uint8Array;
  const headers = {
    'content-type': 'application/octet-stream',
    ...(isKnown ? { 'content-length': content.length } : {}),
  };
  const response = await client.send(
    { method: 'PUT', url, headers, body: content, asksFirst: !isKnown, onSent },
    signal,
  );
  if (response.status === 404 || response.status === 409) {
    response.discard();
    return false;
  }
  if (response.status >= 300) throw await refusalOf(response, 'put', address.subject(name));
  response.discard();
  return true;
}

async function checkSize(
  place: DavPlace,
  part: URL,
  name: string,
  bytes: number,
  signal: AbortSignal,
): Promise<void> {
  const [found] = (await propfindAt(place, part, '', 0, signal)) ?? [];
  const stored = found?.bytes ?? null;
  if (stored === bytes) return;
  const subject = place.address.subject(name);
  throw new AppError('storage-failed', {
    message:
      stored === null
        ? `${subject}: the server took ${bytes} bytes, and does not say that it has them.`
        : `${subject}: ${bytes} bytes were sent, and the server has ${stored}.`,
    operation: 'put',
    temporary: true,
  });
}

async function move(
  place: DavPlace,
  { part, target, name, bytes }: Upload,
  { ifExists }: PutOptions,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const headers = { destination: target.href, overwrite: ifExists === 'fail' ? 'F' : 'T' };
  try {
    const response = await place.client.send({ method: 'MOVE', url: part, headers }, signal);
    // 207: it did not go through for all that was to be moved.
    if (response.status < 300 && response.status !== 207) response.discard();
    else throw await refusalOf(response, 'put', place.address.subject(name));
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'storage-unreachable')) throw error;
    // The answer was lost, and perhaps no more than that: the same move again would find the file there.
    const left = await propfindAt(place, part, '', 0, signal).catch(() => [null]);
    const [moved] = left === null ? ((await propfind(place, name, 0, signal)) ?? []) : [];
    if (moved?.bytes !== bytes) throw error;
  }
}

/** After a failure, so that it has its own time limit; what is then still there is for a sweep. */
async function removePart({ client }: DavPlace, part: URL, { aborted }: AbortSignal): Promise<void> {
  try {
    const signal = AbortSignal.timeout(aborted ? cleanUpMs.afterAbort : cleanUpMs.afterFailure);
    const response = await client.send({ method: 'DELETE', url: part }, signal);
    response.discard();
  } catch {
    // The failure itself is what counts.
  }
}

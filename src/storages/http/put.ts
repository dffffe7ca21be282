import { createKeyedSerial } from '../../base/serial.ts';
import { AppError } from '../../core/errors.ts';
import { openSizedBody } from '../blocks/sized-body.ts';
import type { ByteSource, PutOptions } from '../storage.ts';
import type { WebClient } from '../web/client.ts';
import { classifyStatus, refusalOf } from '../web/status.ts';
import { type Look, lookAt } from './look.ts';

/** Few servers know conditions of a PUT, so that this process at least writes one name once at a time. */
const writes = createKeyedSerial();

/** Soon enough for whoever has aborted the upload. */
const cleanUpMs = { afterAbort: 800, afterFailure: 10_000 };

/** A file to be written, and how errors name it. */
export interface HttpTarget {
  readonly client: WebClient;
  readonly url: URL;
  readonly subject: string;
}

/**
 * One PUT, which the server makes visible as it likes: most write beside the file and rename, and a partial file of one that does not is
 * removed after a failure. The size is compared afterwards.
 */
export function putFile(
  target: HttpTarget,
  source: ByteSource,
  options: PutOptions,
  signal: AbortSignal,
): Promise<{ readonly bytes: number }> {
  return writes(target.url.href, () => putAlone(target, source, options, signal));
}

async function putAlone(
  target: HttpTarget,
  source: ByteSource,
  { ifExists, onSent }: PutOptions,
  signal: AbortSignal,
): Promise<{ readonly bytes: number }> {
  const { client, url, subject } = target;
  const before = await lookAt(client, url, subject, signal);
  if (ifExists === 'fail' && before.is === 'file') throw classifyStatus(412, 'put', subject);
  using body = await openSizedBody(source, signal, onSent);
  const { content } = body;
  const isKnown = content instanceof Uint8Array;
  const headers = {
    'content-type': 'application/octet-stream',
    ...(isKnown ? { 'content-length': content.length } : {}),
    ...(ifExists === 'fail' ? { 'if-none-match': '*' } : {}),
  };
  try {
    const response = await client.send(
      { method: 'PUT', url, headers, body: content, asksFirst: !isKnown, onSent },
      signal,
    );
    if (response.status >= 300) throw await refusalOf(response, 'put', subject);
    response.discard();
    const after = await lookAt(client, url, subject, signal);
    checkSize(after, body.bytes, response.status, subject);
    return { bytes: body.bytes };
  } catch (error) {
    // Where the server has refused the file, what is there is somebody else's.
    if (!isRefusal(error)) await removePartial(target, before, body.bytes, signal);
    throw error;
  }
}

function isRefusal(error: unknown): boolean {
  const status = error instanceof AppError ? error.context.status : undefined;
  return typeof status === 'number' && status < 500;
}

/** Only what has changed since, and is no longer than what was sent: anything else is another writer's. */
async function removePartial(
  { client, url, subject }: HttpTarget,
  before: Look,
  sent: number,
  { aborted }: AbortSignal,
): Promise<void> {
  try {
    const signal = AbortSignal.timeout(aborted ? cleanUpMs.afterAbort : cleanUpMs.afterFailure);
    const now = await lookAt(client, url, subject, signal);
    if (now.is !== 'file' || now.bytes > sent || before.is === 'hidden') return;
    if (before.is === 'file' && before.bytes === now.bytes && before.version === now.version) return;
    const response = await client.send({ method: 'DELETE', url }, signal);
    response.discard();
  } catch {
    // The failure itself is what counts.
  }
}

function checkSize(after: Look, bytes: number, status: number, subject: string): void {
  if (after.is === 'hidden' || (after.is === 'file' && after.bytes === bytes)) return;
  throw new AppError('storage-failed', {
    message:
      after.is === 'file'
        ? `${subject}: ${bytes} bytes were sent, and the server has ${after.bytes}.`
        : `${subject}: the server took ${bytes} bytes (${status}) and does not have the file.`,
    hint: 'Check that what is written there can be read at the same address.',
    operation: 'put',
    temporary: after.is === 'file',
  });
}

import type { OperationContext } from '../core/context.ts';
import { AppError } from '../core/errors.ts';
import type { PutOptions, Storage } from '../storages/storage.ts';
import { passing } from './digest.ts';
import { type FileSection, sectionCheck } from './file-sections.ts';
import { wrongSize } from './verify-file.ts';

/** A file of a set as it is to arrive. */
export interface FileToCopy {
  readonly name: string;
  readonly bytes: number;
  /** End to end. */
  readonly sections: readonly FileSection[];
}

/**
 * Brings one file of a set from one storage to another under the same name. Size and digests are compared before the last byte is handed
 * over, so that nothing damaged ever shows at the target. Throws `dump-damaged`, `dump-truncated`, and what the storages throw.
 */
export async function copyDumpFile(
  source: Storage,
  target: Storage,
  file: FileToCopy,
  options: { readonly ifExists: PutOptions['ifExists']; readonly onProgress?: (bytes: number) => void },
  context: OperationContext,
): Promise<void> {
  const open = (signal: AbortSignal): AsyncIterable<Uint8Array> =>
    checked(source.get(file.name, null, { signal, log: context.log }), file, options.onProgress);
  const { bytes } = await target.put(
    file.name,
    { open },
    { ifExists: options.ifExists, expectedBytes: file.bytes },
    context,
  );
  if (bytes !== file.bytes) throw wrongSize(file.name, bytes, file.bytes);
}

/** The chunks; where they are not what the manifest says the iteration throws instead of ending. */
async function* checked(
  chunks: AsyncIterable<Uint8Array>,
  { name, bytes, sections }: FileToCopy,
  onProgress: ((bytes: number) => void) | undefined,
): AsyncGenerator<Uint8Array> {
  const check = sectionCheck(sections);
  yield* passing(chunks, (chunk) => {
    check.add(chunk);
    onProgress?.(check.bytes);
  });
  if (check.bytes !== bytes) throw wrongSize(name, check.bytes, bytes);
  if (check.isWhole()) return;
  throw new AppError('dump-damaged', { message: `${name}: its content does not match its digest.` });
}

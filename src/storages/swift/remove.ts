import { AppError } from '../../core/errors.ts';
import type { ManifestLine, SwiftContainer } from './container.ts';

/** An object that makes up a large one. */
export interface SegmentPlace {
  readonly container: string;
  readonly name: string;
}

/** Manifests may stand in manifests, as Swift allows. */
const maxLevels = 10;

const removalsInFlight = 8;

/**
 * Removes a file, and then its segments: the other order, which `multipart-manifest=delete` takes, leaves a file that looks whole when it
 * is interrupted. A missing file is no error.
 */
export async function removeFile(
  container: SwiftContainer,
  object: string,
  signal: AbortSignal,
): Promise<void> {
  const segments = await segmentsOf(container, object, signal);
  await container.remove(container.name, object, signal);
  await removeAll(container, segments, signal);
}

/** The segments of a file with all manifests below its own; none for a file that is no manifest, or is not there. */
export async function segmentsOf(
  container: SwiftContainer,
  object: string,
  signal: AbortSignal,
): Promise<readonly SegmentPlace[]> {
  const facts = await container.head(object, signal);
  return facts?.isManifest === true
    ? await linesOf(container, { container: container.name, name: object }, 1, signal)
    : [];
}

async function linesOf(
  container: SwiftContainer,
  manifest: SegmentPlace,
  level: number,
  signal: AbortSignal,
): Promise<readonly SegmentPlace[]> {
  if (level > maxLevels) {
    throw new AppError('storage-failed', {
      message: `swift://${manifest.container}/${manifest.name} is a manifest more than ${maxLevels} levels deep.`,
      temporary: false,
    });
  }
  const lines: readonly ManifestLine[] = (await container.manifest(manifest, signal)) ?? [];
  const below: SegmentPlace[] = [];
  for (const line of lines) {
    if (line.isManifest) below.push(...(await linesOf(container, line, level + 1, signal)));
    below.push({ container: line.container, name: line.name });
  }
  return below;
}

/** Removes objects, several at once. After a failure none is begun any more, and the first error is thrown. */
export async function removeAll(
  container: SwiftContainer,
  objects: readonly SegmentPlace[],
  signal: AbortSignal,
): Promise<void> {
  const waiting = objects.values();
  const remover = async (): Promise<void> => {
    for (const { container: where, name } of waiting) await container.remove(where, name, signal);
  };
  const removers = Array.from({ length: Math.min(removalsInFlight, objects.length) }, remover);
  await Promise.all(removers);
}

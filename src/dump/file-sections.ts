import type { OperationContext } from '../core/context.ts';
import type { ManifestFile } from '../core/manifest.ts';
import type { Storage } from '../storages/storage.ts';
import { digestingCounter, passing } from './digest.ts';
import { isPlainManifest, readPackedManifest, readPlainManifest } from './manifest-read.ts';

/** A stretch of a file with the digest of its bytes. */
export interface FileSection {
  readonly bytes: number;
  readonly digest: string;
}

/**
 * The stretches of a file of a set, end to end. The file that holds the manifest has no digest there: its own are in it, and are read (and
 * the manifest checked) here.
 */
export async function sectionsOf(
  storage: Storage,
  { name, bytes, digest }: ManifestFile,
  context: OperationContext,
): Promise<readonly FileSection[]> {
  if (digest !== null) return [{ bytes, digest }];
  if (isPlainManifest(name)) {
    const counter = digestingCounter();
    const counting: Storage = {
      ...storage,
      get: (...asked) => passing(storage.get(...asked), (chunk) => counter.add(chunk)),
    };
    await readPlainManifest(counting, name, bytes, '', context);
    return [{ bytes, digest: counter.digest() }];
  }
  const master = await readPackedManifest(storage, name, bytes, context);
  return [
    { bytes: master.payloadBytes, digest: master.payloadDigest },
    { bytes: bytes - master.payloadBytes, digest: master.frameDigest },
  ];
}

/** Takes the chunks of a file in order. */
export interface SectionCheck {
  readonly bytes: number;
  add(chunk: Uint8Array): void;
  /** Whether every stretch that has ended is what it should be, and none is left. */
  isWhole(): boolean;
}

export function sectionCheck(sections: readonly FileSection[]): SectionCheck {
  const left = sections.filter(({ bytes }) => bytes > 0);
  let counter = digestingCounter();
  let bytes = 0;
  let fits = true;
  return {
    get bytes() {
      return bytes;
    },
    add(chunk) {
      bytes += chunk.length;
      for (let at = 0; at < chunk.length; ) {
        const section = left[0];
        if (section === undefined) {
          fits = false;
          return;
        }
        const taken = Math.min(section.bytes - counter.bytes, chunk.length - at);
        counter.add(chunk.subarray(at, at + taken));
        at += taken;
        if (counter.bytes < section.bytes) continue;
        fits &&= counter.digest() === section.digest;
        left.shift();
        counter = digestingCounter();
      }
    },
    isWhole: () => fits && left.length === 0,
  };
}

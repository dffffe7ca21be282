import { createHash } from 'node:crypto';
import type { PartProtocol, PartUpload } from '../blocks/part-upload.ts';
import type { PutOptions } from '../storage.ts';
import type { Segment, SwiftContainer } from './container.ts';
import { createPublication, type Publication } from './publish.ts';
import { removeAll } from './remove.ts';
import { segmentName, subManifestName, type UploadName } from './segment-names.ts';

/** How large files are cut. */
export interface SegmentPlan {
  readonly minSegmentBytes: number;
  readonly maxSegmentBytes: number;
  /** Longer manifests get a level of manifests below them. Swift's own limit is 1000; it looks at each segment before it answers. */
  readonly segmentsPerManifest: number;
}

export const defaultSegmentPlan: SegmentPlan = {
  minSegmentBytes: 8 * 1024 ** 2,
  maxSegmentBytes: 64 * 1024 ** 2,
  segmentsPerManifest: 500,
};

/** How long the rest of a failed upload is tidied away before it is left to a sweep. */
const tidyMs = 5000;

/** The upload of one file: one request when it is small, else segments and, last, the manifest that joins them. */
export function swiftUpload(
  container: SwiftContainer,
  name: UploadName,
  { ifExists, onSent = () => undefined }: PutOptions,
  plan: SegmentPlan,
): PartProtocol {
  const publication = createPublication(container, name, ifExists);
  return {
    minPartBytes: plan.minSegmentBytes,
    maxPartBytes: plan.maxSegmentBytes,
    maxParts: plan.segmentsPerManifest ** 2,

    putWhole(bytes, signal) {
      const etag = md5(bytes);
      return publication.publish(
        bytes.length,
        (conditions) => container.put(name.object, bytes, etag, { conditions, onSent }, signal),
        signal,
      );
    },

    async begin(signal) {
      await publication.refuseExisting(signal);
      return segmentedUpload(container, name, publication, plan.segmentsPerManifest, onSent);
    },
  };
}

function segmentedUpload(
  container: SwiftContainer,
  name: UploadName,
  publication: Publication,
  segmentsPerManifest: number,
  onSent: () => void,
): PartUpload {
  const segments: Segment[] = [];
  /** Names of all that may be there. */
  const begun = new Set<string>();

  /** The lines of the file's manifest: its segments, or manifests of them where they are many. */
  const joined = async (signal: AbortSignal): Promise<readonly Segment[]> => {
    if (segments.length <= segmentsPerManifest) return segments;
    const manifests: Segment[] = [];
    for (let from = 0; from < segments.length; from += segmentsPerManifest) {
      const lines = segments.slice(from, from + segmentsPerManifest);
      const manifest = {
        name: subManifestName(name, manifests.length + 1),
        bytes: bytesOf(lines),
        etag: etagOf(lines),
      };
      begun.add(manifest.name);
      await container.putManifest(manifest.name, lines, manifest.etag, null, signal);
      manifests.push(manifest);
    }
    return manifests;
  };

  return {
    async send(number, bytes, signal) {
      const segment = { name: segmentName(name, number), bytes: bytes.length, etag: md5(bytes) };
      begun.add(segment.name);
      await container.put(segment.name, bytes, segment.etag, { conditions: null, onSent }, signal);
      segments[number - 1] = segment;
    },

    async commit(_parts, signal) {
      const lines = await joined(signal);
      await publication.publish(
        bytesOf(lines),
        (conditions) => container.putManifest(name.object, lines, etagOf(lines), conditions, signal),
        signal,
      );
    },

    async abort() {
      if (publication.mayBeStored()) return;
      // A request that Swift is still at changes nothing any more: it is older than the removal.
      const objects = [...begun].map((each) => ({ container: container.name, name: each }));
      await removeAll(container, objects, AbortSignal.timeout(tidyMs));
    },
  };
}

const bytesOf = (segments: readonly Segment[]): number => segments.reduce((sum, { bytes }) => sum + bytes, 0);

const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');

/** As Swift makes that of a manifest. */
const etagOf = (segments: readonly Segment[]): string =>
  md5(Buffer.from(segments.map(({ etag }) => etag).join('')));

import { writerTag } from '../blocks/part-name.ts';

/**
 * Where the segments of large files are: in the container of the file (its quota and its rights hold for them too), below a prefix that no
 * file can have, since `checkFileName` refuses such parts:
 *
 *     .pumphouse-segments.part/<object name of the file>/<writer's tag>/00000001
 *     .pumphouse-segments.part/<object name of the file>/<writer's tag>/manifest-00001    parts of a long manifest
 *
 * The tag (part-name.ts) is another one for each upload, and says which process writes it.
 */
export const segmentRoot = '.pumphouse-segments.part/';

/** One upload of one file. */
export interface UploadName {
  /** The file that is uploaded. */
  readonly object: string;
  /** Of its writer. */
  readonly tag: string;
  /** What the names of its segments begin with; ends in a slash. */
  readonly folder: string;
}

/** A fresh one; call `writerEnded` with its tag when it is over. */
export const newUpload = (object: string): UploadName => named(object, writerTag());

const named = (object: string, tag: string): UploadName => ({
  object,
  tag,
  folder: `${segmentRoot}${object}/${tag}/`,
});

export const segmentName = ({ folder }: UploadName, number: number): string =>
  `${folder}${String(number).padStart(8, '0')}`;

export const subManifestName = ({ folder }: UploadName, number: number): string =>
  `${folder}manifest-${String(number).padStart(5, '0')}`;

const pattern = /^\.pumphouse-segments\.part\/(.+)\/([0-9a-f]{40})\/[^/]+$/s;

/** The upload that an object below the root belongs to; null for what is not named as here. */
export function uploadOf(name: string): UploadName | null {
  const [, object, tag] = pattern.exec(name) ?? [];
  return object === undefined || tag === undefined ? null : named(object, tag);
}

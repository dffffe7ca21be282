import { createHash } from 'node:crypto';
import { conditionNotMet, invalid } from './answers.ts';

export interface FakeObject {
  readonly name: string;
  readonly content: Buffer;
  readonly generation: number;
}

/** One bucket in memory. */
export interface Bucket {
  readonly name: string;
  /** Strangers may read it. */
  readonly isPublic: boolean;
  readonly objects: Map<string, FakeObject>;
  /** Makes or replaces an object when the precondition holds. */
  put(name: string, content: Buffer, ifGenerationMatch: string | null): FakeObject;
  /** Throws when the precondition does not hold now. */
  check(name: string, ifGenerationMatch: string | null): void;
}

let generations = 1_700_000_000_000_000;

export function createBucket(bucketName: string, isPublic: boolean): Bucket {
  const objects = new Map<string, FakeObject>();
  const check = (name: string, ifGenerationMatch: string | null): void => {
    if (ifGenerationMatch === null) return;
    if (!/^\d+$/.test(ifGenerationMatch)) throw invalid('ifGenerationMatch is not a number.');
    if (Number(ifGenerationMatch) !== (objects.get(name)?.generation ?? 0)) throw conditionNotMet();
  };
  return {
    name: bucketName,
    isPublic,
    objects,
    check,
    put(name, content, ifGenerationMatch) {
      check(name, ifGenerationMatch);
      generations += 1;
      const object = { name, content, generation: generations };
      objects.set(name, object);
      return object;
    },
  };
}

/** The JSON of an object, of the fields that were asked for. */
export function resourceOf(object: FakeObject, fields: string | null): Readonly<Record<string, unknown>> {
  const { name, content, generation } = object;
  const all: Readonly<Record<string, unknown>> = {
    kind: 'storage#object',
    name,
    size: String(content.length),
    generation: String(generation),
    md5Hash: createHash('md5').update(content).digest('base64'),
    timeCreated: new Date().toISOString(),
  };
  if (fields === null) return all;
  return Object.fromEntries(fields.split(',').map((field) => [field, all[field]]));
}

/** One page of a list, as the parameters ask for it; keys are in the order of their bytes. */
export function pageOf(
  { objects }: Bucket,
  query: URLSearchParams,
  pageSize: number,
): Readonly<Record<string, unknown>> {
  const match = /^nextPageToken,items\(([\w,]+)\)$/.exec(query.get('fields') ?? 'nextPageToken,items(name)');
  if (match === null) throw invalid('The fake does not know these fields.');
  const prefix = query.get('prefix') ?? '';
  const after = Buffer.from(query.get('pageToken') ?? '', 'base64');
  const rest = [...objects.values()]
    .map((object) => ({ object, key: Buffer.from(object.name) }))
    .filter(({ object, key }) => object.name.startsWith(prefix) && Buffer.compare(key, after) > 0)
    .sort((a, b) => Buffer.compare(a.key, b.key));
  const page = rest.slice(0, pageSize);
  const last = page.at(-1);
  return {
    // Without anything to show, the real one leaves the member out.
    ...(page.length === 0 ? {} : { items: page.map(({ object }) => resourceOf(object, match[1] ?? null)) }),
    ...(last === undefined || rest.length === page.length
      ? {}
      : { nextPageToken: last.key.toString('base64') }),
  };
}

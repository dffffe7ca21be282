import { AppError } from '../../core/errors.ts';
import type { HttpResponse } from '../../network/http-request.ts';

/** What the storage says of a file that it holds. */
export interface StoredObject {
  readonly name: string;
  readonly bytes: number;
  /** Changes with each new content. */
  readonly generation: string;
  /** In Base64; null for files made of others. */
  readonly md5: string | null;
}

/** The fields of an object that the driver asks for. */
export const objectFields = 'name,size,generation,md5Hash';

const maxAnswerBytes = 16 * 1024 ** 2;

/** The answer's JSON. Throws `storage-failed` for what is none. */
export async function readJson(response: HttpResponse): Promise<Readonly<Record<string, unknown>>> {
  const text = await response.text(maxAnswerBytes);
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    throw new AppError('storage-failed', {
      message: 'The storage answers with something else than JSON.',
      hint: 'Check the endpoint of the location.',
      temporary: false,
    });
  }
}

export async function readObject(response: HttpResponse): Promise<StoredObject> {
  return objectOf(await readJson(response));
}

/** From the JSON of an object; numbers are texts there. */
export function objectOf(value: unknown): StoredObject {
  const { name, size, generation, md5Hash } = value as Readonly<Record<string, unknown>>;
  return {
    name: String(name),
    bytes: Number(size),
    generation: String(generation),
    md5: typeof md5Hash === 'string' ? md5Hash : null,
  };
}

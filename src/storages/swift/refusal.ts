import { STATUS_CODES } from 'node:http';
import type { HttpResponse } from '../../network/http-request.ts';

/** An answer of Swift or Keystone that is none of those hoped for. Never leaves the driver: classify.ts says what it means. */
export class SwiftRefusal extends Error {
  readonly status: number;
  /** What the service says about it, as one printable line: `Upload exceeds quota`. */
  readonly words: string;

  constructor(status: number, words: string) {
    super(`${status} ${words}`);
    this.name = 'SwiftRefusal';
    this.status = status;
    this.words = words;
  }
}

const maxWords = 160;

/** The refusal that an answer is; reads its body. */
export async function refusalOf(response: HttpResponse): Promise<SwiftRefusal> {
  // The status says enough when the connection breaks inside the body.
  const body = await response.text(4096).catch(() => '');
  return new SwiftRefusal(response.status, wordsOf(response.status, body));
}

/** The sentence in a body: Keystone sends JSON, Swift HTML or plain text. */
export function wordsOf(status: number, body: string): string {
  const title = /<h1>(.*?)<\/h1>/is.exec(body)?.[1];
  const words = (keystoneMessage(body) ?? title ?? body.replace(/<\/?[^>]*>/g, ' '))
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
    .replace(/[\s\u0000-\u001f\u007f]+/g, ' ')
    .trim()
    .slice(0, maxWords)
    .replace(/\.$/, '');
  return words === '' ? (STATUS_CODES[status] ?? 'without a word') : words;
}

function keystoneMessage(body: string): string | null {
  if (!body.startsWith('{')) return null;
  try {
    const { error } = JSON.parse(body) as { readonly error?: { readonly message?: unknown } };
    return typeof error?.message === 'string' ? error.message : null;
  } catch {
    return null;
  }
}

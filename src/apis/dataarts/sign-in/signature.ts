import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** Names the way of signing in the Authorization header. */
const scheme = 'SDK-HMAC-SHA256';
const dateHeader = 'x-sdk-date';
const hashHeader = 'x-sdk-content-sha256';
/** A signature that leaves one of these open could be taken elsewhere, or later. */
const alwaysSigned = ['host', dateHeader];
/** How far the clock of a signer may be off. */
export const clockWindowMs = 15 * 60 * 1000;

/** A request as it came over the wire. */
export interface WireRequest {
  readonly method: string;
  /** Path and query, still encoded. */
  readonly url: string;
  /** By names in small letters. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
}

/** What the Authorization header of a signed request says. */
export interface SignedBy {
  readonly accessKey: string;
  /** In small letters, in the order of the header. */
  readonly signedHeaders: readonly string[];
  /** 64 hexadecimal digits in small letters. */
  readonly signature: string;
}

/** Whether the Authorization header says that the request is signed, well or not. */
export const isSigned = (authorization: string | undefined): boolean =>
  authorization !== undefined && new RegExp(`^\\s*${scheme}\\b`, 'i').test(authorization);

/** Null: the header is not as it must be. */
export function readAuthorization(authorization: string): SignedBy | null {
  const match =
    /^\s*SDK-HMAC-SHA256\s+Access=([\w-]{1,128})\s*,\s*SignedHeaders=([\w;-]{1,4096})\s*,\s*Signature=([0-9a-f]{64})\s*$/i.exec(
      authorization,
    );
  if (match === null) return null;
  const [, accessKey = '', names = '', signature = ''] = match;
  return {
    accessKey,
    signedHeaders: names.toLowerCase().split(';'),
    signature: signature.toLowerCase(),
  };
}

/**
 * What is wrong with a signed request before its signature is looked at: its date, the headers that it leaves open, a body that is
 * not the one whose hash it names. Null: nothing.
 */
export function faultOf(request: WireRequest, by: SignedBy, now: number): string | null {
  const { headers, body } = request;
  const open = alwaysSigned.find((name) => !by.signedHeaders.includes(name));
  if (open !== undefined) return `The signature does not cover the header ${open}.`;
  const absent = by.signedHeaders.find((name) => headers[name] === undefined);
  if (absent !== undefined) return `The signature covers a header that the request does not have: ${absent}.`;
  const signedAt = timeOf(headers[dateHeader] ?? '');
  if (signedAt === null) return 'The header X-Sdk-Date is not of the form 20260214T093007Z.';
  if (Math.abs(now - signedAt) > clockWindowMs)
    return 'The header X-Sdk-Date is more than 15 minutes away from the time of the service.';
  const hash = headers[hashHeader];
  if (hash !== undefined && hash.trim().toLowerCase() !== sha256(body))
    return 'The header X-Sdk-Content-Sha256 is not the hash of the body.';
  return null;
}

/**
 * Whether a signature was made with this secret over this request. Signers do not agree about the path: most encode what is sent, which
 * may be encoded already; others encode the path that is meant. Both are right.
 */
export function isSignatureOf(request: WireRequest, by: SignedBy, secret: string): boolean {
  const [path = '', query = ''] = splitUrl(request.url);
  const given = Buffer.from(by.signature, 'hex');
  let isRight = false;
  // No early end: how long it takes tells nothing.
  for (const decode of [(segment: string) => segment, decoded]) {
    const canonical = canonicalRequest(request, by.signedHeaders, canonicalPath(path, decode), query);
    const expected = createHmac('sha256', secret).update(stringToSign(request, canonical)).digest();
    if (timingSafeEqual(expected, given)) isRight = true;
  }
  return isRight;
}

const stringToSign = ({ headers }: WireRequest, canonical: string): string =>
  [scheme, (headers[dateHeader] ?? '').trim(), sha256(canonical)].join('\n');

function canonicalRequest(
  { method, headers, body }: WireRequest,
  signedHeaders: readonly string[],
  path: string,
  query: string,
): string {
  const names = signedHeaders.toSorted(byCode);
  const lines = names.map((name) => `${name}:${(headers[name] ?? '').trim()}\n`);
  return [method, path, canonicalQuery(query), lines.join(''), names.join(';'), sha256(body)].join('\n');
}

/** @param decode what is done to each segment before it is encoded */
function canonicalPath(path: string, decode: (segment: string) => string): string {
  const encoded = path
    .split('/')
    .map((segment) => percentEncoded(decode(segment)))
    .join('/');
  return encoded.endsWith('/') ? encoded : `${encoded}/`;
}

function canonicalQuery(query: string): string {
  const pairs = [...new URLSearchParams(query)].toSorted(
    ([a, one], [b, other]) => byCode(a, b) || byCode(one, other),
  );
  return pairs.map(([name, value]) => `${percentEncoded(name)}=${percentEncoded(value)}`).join('&');
}

/** All but letters, digits and `-._~` as UTF-8 in hexadecimal, RFC 3986. */
const percentEncoded = (text: string): string =>
  encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

const splitUrl = (url: string): readonly [string, string] => {
  const mark = url.indexOf('?');
  return mark < 0 ? [url, ''] : [url.slice(0, mark), url.slice(mark + 1)];
};

/** Milliseconds since the epoch of `20260214T093007Z`; null: it is none. */
function timeOf(text: string): number | null {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text.trim());
  if (match === null) return null;
  const [, year, month, day, hour, minute, second] = match;
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(time) ? null : time;
}

const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');
const byCode = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

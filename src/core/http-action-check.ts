import type { NodeAction } from './definition.ts';
import { definitionLimits } from './definition-limits.ts';
import { AppError } from './errors.ts';
import { namesInText } from './run-parameters.ts';

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];
/** Headers that the request itself decides. */
const ownHeaders = [
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'upgrade',
  'expect',
  'te',
  'trailer',
  'proxy-authorization',
];

/** Throws `definition-invalid` for a request that could not be sent. @param of which one it is, for the message */
export function checkRequest(action: Extract<NodeAction, { readonly type: 'http' }>, of: string): void {
  if (!methods.includes(action.method)) {
    throw invalid(`The method of the request ${of} must be one of ${methods.join(', ')}.`);
  }
  if (namesInText(action.url).length === 0) checkUrl(action.url, of);
  const headers = Object.entries(action.headers);
  if (headers.length > definitionLimits.headers) {
    throw invalid(`The request ${of} has more than ${definitionLimits.headers} headers.`);
  }
  for (const [name, value] of headers) {
    // Not repeated: a whole line may have been taken for a name, with what is secret in it.
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/.test(name)) {
      throw invalid(`The request ${of} has a header whose name holds what names cannot.`);
    }
    if (ownHeaders.includes(name.toLowerCase())) {
      throw invalid(
        `The request ${of} cannot have the header ${name}.`,
        'Leave out headers that the connection decides.',
      );
    }
    checkHeaderValue(name, value, of);
  }
  if (action.body !== null && action.body.length > definitionLimits.body) {
    throw invalid(`The body of the request ${of} is longer than ${definitionLimits.body} characters.`);
  }
}

/** Throws `definition-invalid`; the URL is not repeated, since it may hold a secret. */
export function checkUrl(text: string, of: string): URL {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw invalid(`The URL of the request ${of} is none of http or https.`);
  }
  if (url.username === '' && url.password === '') return url;
  throw invalid(
    `The URL of the request ${of} holds a user name or password.`,
    'Put what signs the request in into a header.',
  );
}

/** Throws `definition-invalid`; the value is not repeated, since it may be a secret. */
export function checkHeaderValue(name: string, value: string, of: string): void {
  if (/^[\t\x20-\x7e\x80-\xff]{0,8192}$/.test(value)) return;
  throw invalid(
    `The header ${name} of the request ${of} has a value with line breaks or with characters that headers cannot hold, or too long a one.`,
  );
}

const invalid = (message: string, hint?: string): AppError =>
  new AppError('definition-invalid', hint === undefined ? { message } : { message, hint });

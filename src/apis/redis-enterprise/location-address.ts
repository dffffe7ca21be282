import type { OwnCredential } from '../../service/start-input.ts';
import { badRequest } from './refusal.ts';

/** An address without the user and the password in it, and these as a credential. */
export interface Address {
  readonly address: { readonly url: string };
  readonly credential: OwnCredential | null;
}

/** Who comes in where a server asks for a name and the address has none (RFC 1635). */
const anonymous = { id: 'anonymous', secret: 'anonymous@' } as const;

/**
 * The address of a folder. Messages never repeat it, since it may hold a password.
 * @param credentialType of the storages
 */
export function folderAddress(
  text: string,
  where: string,
  schemes: readonly string[],
  credentialType: 'ftp' | 'sftp',
): Address {
  const url = parse(text, where, schemes);
  return { ...withoutUser(url, where, credentialType) };
}

/** The address of a file: its folder, and its name. */
export function fileAddress(
  text: string,
  where: string,
  schemes: readonly string[],
  credentialType: 'ftp' | 'sftp',
): Address & { readonly file: string } {
  const url = parse(text, where, schemes);
  const file = takeFile(url, where);
  return { ...withoutUser(url, where, credentialType), file };
}

/**
 * A file of a web server. What its address may hold of secrets (a user, a signature in the query) stays in a credential; the query goes with
 * every request.
 */
export function webSource(text: string, where: string): Address & { readonly file: string } {
  const url = parse(text, where, ['http', 'https']);
  const file = takeFile(url, where);
  const { id, secret } = takeUser(url, where);
  if (id !== null) {
    if (url.search !== '') throw badRequest(`${where} has both a user and a query; give one of them.`);
    return { address: { url: url.href }, credential: { type: 'http', id, secret: secret ?? '' }, file };
  }
  return {
    address: { url: `${url.origin}/` },
    credential: { type: 'http', secret: url.href, options: { kind: 'url' } },
    file,
  };
}

/** A folder in a bucket or container. */
export function inFolder(
  scheme: string,
  bucket: string,
  subdir: string | null,
  where: string,
): { readonly url: string } {
  if (!/^[A-Za-z0-9$][\w.-]*$/.test(bucket))
    throw badRequest(`${where} names no possible bucket or container.`);
  const parts = (subdir ?? '').split('/').filter((part) => part !== '');
  if (parts.includes('..') || parts.includes('.'))
    throw badRequest(`${where}.subdir must not hold . or .. parts.`);
  return { url: [`${scheme}://${bucket}`, ...parts.map(encodeURIComponent)].join('/') };
}

function parse(text: string, where: string, schemes: readonly string[]): URL {
  const url = URL.parse(text);
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined || !schemes.includes(scheme)) {
    throw badRequest(`${where} must begin with ${schemes.map((each) => `${each}://`).join(' or ')}.`);
  }
  if (url === null || url.hostname === '') throw badRequest(`${where} is no address of a server.`);
  if (url.hash !== '') throw badRequest(`${where} holds a #: write it as %23.`);
  return url;
}

/** Cuts the last part off the path. */
function takeFile(url: URL, where: string): string {
  const cut = url.pathname.lastIndexOf('/');
  const file = decoded(url.pathname.slice(cut + 1), where);
  if (file === '' || file === '.' || file === '..' || file.includes('/'))
    throw badRequest(`${where} names no file.`);
  url.pathname = url.pathname.slice(0, cut + 1);
  return file;
}

/** Takes user and password out of an address. */
function takeUser(url: URL, where: string): { readonly id: string | null; readonly secret: string | null } {
  const id = decoded(url.username, where);
  const secret = decoded(url.password, where);
  url.username = '';
  url.password = '';
  return { id: id === '' ? null : id, secret: secret === '' ? null : secret };
}

function withoutUser(url: URL, where: string, type: 'ftp' | 'sftp'): Address {
  const { id, secret } = takeUser(url, where);
  if (type === 'ftp') {
    const who = id === null ? anonymous : { id, secret: secret ?? '' };
    return { address: { url: url.href }, credential: { type, ...who } };
  }
  return { address: { url: url.href }, credential: { type, ...(id === null ? {} : { id }), secret } };
}

function decoded(text: string, where: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw badRequest(`${where} holds a % that begins no character; write %25 for it.`);
  }
}

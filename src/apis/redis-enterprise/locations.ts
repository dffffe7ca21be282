import type { OwnCredential } from '../../service/start-input.ts';
import { fileAddress, folderAddress, inFolder, webSource } from './location-address.ts';
import {
  destinationFields,
  type LocationFields,
  type LocationType,
  locationTypes,
  sourceFields,
} from './location-fields.ts';
import { type Body, objectAt, optionalText, refuseUnknown, requiredText } from './members.ts';
import { badRequest, notAcceptable } from './refusal.ts';

/** A place as the service takes it: `credential` goes with the job, and a location names it once its position is known. */
export interface Place {
  readonly address: { readonly url: string } | { readonly path: string };
  readonly credential: OwnCredential | null;
}

/** A file to import, and the place that it lies at. */
export interface SourceFile extends Place {
  readonly file: string;
}

/** The folder that an export goes to. Throws 400 naming the field, and 406 for a kind of place that is not served. */
export function readDestination(value: unknown, where: string): Place {
  const body = objectAt(value, where);
  const type = typeOf(body, where);
  checkFields(body, type, destinationFields[type], where);
  switch (type) {
    case 'url':
      return { ...folderAddress(requiredText(body, 'url', where), `${where}.url`, ['ftp', 'ftps'], 'ftp') };
    case 'sftp':
      return sftp(folderAddress(sftpUrl(body, where), `${where}.sftp_url`, ['sftp'], 'sftp'), body, where);
    case 'mount_point':
      return { address: { path: absolute(requiredText(body, 'path', where), where) }, credential: null };
    default:
      return inBucket(body, type, where);
  }
}

/** A file that an import reads. */
export function readSource(value: unknown, where: string): SourceFile {
  const body = objectAt(value, where);
  const type = typeOf(body, where);
  checkFields(body, type, sourceFields(type), where);
  switch (type) {
    case 'url':
      return webOrFtp(requiredText(body, 'url', where), `${where}.url`);
    case 'sftp': {
      const { file, ...place } = fileAddress(sftpUrl(body, where), `${where}.sftp_url`, ['sftp'], 'sftp');
      return { ...sftp(place, body, where), file };
    }
    case 'mount_point': {
      const path = absolute(requiredText(body, 'path', where), where);
      const cut = path.lastIndexOf('/');
      if (cut === path.length - 1) throw badRequest(`${where}.path names no file.`);
      return { address: { path: path.slice(0, cut) || '/' }, credential: null, file: path.slice(cut + 1) };
    }
    default: {
      const parts = fileParts(requiredText(body, 'filename', where), where);
      const subdir = [optionalText(body, 'subdir', where) ?? '', ...parts.slice(0, -1)].join('/');
      return { ...inBucket({ ...body, subdir }, type, where), file: parts.at(-1) ?? '' };
    }
  }
}

/** Spellings seen in the wild. */
function typeOf(body: Body, where: string): LocationType {
  const word = requiredText(body, 'type', where);
  if (word === 'ftp') return 'url';
  if (word === 'swift') {
    throw notAcceptable(
      `${where}.type is swift, which the vendor supports no more: use s3 with the endpoint_url of the storage's S3 interface.`,
    );
  }
  const type = locationTypes.find((each) => each === word);
  if (type !== undefined) return type;
  throw badRequest(`${where}.type must be one of ${locationTypes.join(', ')}.`);
}

/** `{"type":"sftp","url"}` is seen in the wild too. */
const sftpUrl = (body: Body, where: string): string =>
  requiredText(body, body.sftp_url === undefined && body.url !== undefined ? 'url' : 'sftp_url', where);

function checkFields(given: Body, type: LocationType, fields: LocationFields, where: string): void {
  const renamed = type === 'sftp' && given.sftp_url === undefined ? ['url'] : [];
  refuseUnknown(given, ['type', ...fields.required, ...renamed, ...fields.optional], where);
}

/** An address over SSH, with the key instead of the password where one is given. */
function sftp(place: Place, body: Body, where: string): Place {
  const key = optionalText(body, 'key', where);
  const hostKey = optionalText(body, 'host_key', where);
  const { credential } = place;
  const secret = key ?? credential?.secret ?? null;
  if (secret === null) {
    throw notAcceptable(`${where} has neither a key nor a password: this service has no SSH key of its own.`);
  }
  return {
    ...place,
    credential: {
      type: 'sftp',
      ...(credential?.id == null ? {} : { id: credential.id }),
      secret,
      options: hostKey === null ? {} : { 'host-key': hostKey },
    },
  };
}

function inBucket(
  body: Body,
  type: Exclude<LocationType, 'url' | 'sftp' | 'mount_point'>,
  where: string,
): Place {
  const text = (name: string): string => requiredText(body, name, where);
  const options = (given: Readonly<Record<string, string | null>>): Record<string, string> =>
    Object.fromEntries(
      Object.entries(given).flatMap(([name, value]) => (value === null ? [] : [[name, value]])),
    );
  const endpoint = optionalText(body, 'endpoint_url', where);
  const subdir = optionalText(body, 'subdir', where);
  switch (type) {
    case 's3':
      return {
        address: inFolder('s3', text('bucket_name'), subdir, where),
        credential: {
          type: 's3',
          id: text('access_key_id'),
          secret: text('secret_access_key'),
          options: options({ region: optionalText(body, 'region_name', where), endpoint }),
        },
      };
    case 'gs':
      return {
        address: inFolder('gs', text('bucket_name'), subdir, where),
        credential: { type: 'gcs', secret: keyFile(text), options: options({ endpoint }) },
      };
    case 'abs': {
      const key = optionalText(body, 'account_key', where);
      const sas = optionalText(body, 'sas_token', where);
      if ((key === null) === (sas === null)) {
        throw badRequest(`${where} must have either account_key or sas_token.`);
      }
      return {
        address: inFolder('az', text('container'), subdir, where),
        credential: {
          type: 'azure',
          id: text('account_name'),
          secret: key ?? sas,
          options: options({ kind: key === null ? 'sas' : 'key', endpoint }),
        },
      };
    }
    default:
      return type satisfies never;
  }
}

/** The key file of a service account, as the vendor hands it out, made of the fields that are asked for. */
const keyFile = (text: (name: string) => string): string =>
  JSON.stringify({
    type: 'service_account',
    client_id: text('client_id'),
    client_email: text('client_email'),
    private_key_id: text('private_key_id'),
    private_key: text('private_key'),
  });

function webOrFtp(url: string, where: string): SourceFile {
  if (/^rediss?:/i.test(url)) {
    throw notAcceptable(
      `${where} is the address of a live server, and only files are imported: export that database first.`,
    );
  }
  return /^https?:/i.test(url)
    ? webSource(url, where)
    : fileAddress(url, where, ['ftp', 'ftps', 'http', 'https'], 'ftp');
}

function absolute(path: string, where: string): string {
  const parts = path.split('/');
  if (!path.startsWith('/')) throw badRequest(`${where}.path must begin with a slash.`);
  if (parts.includes('..') || parts.includes('.'))
    throw badRequest(`${where}.path must not hold . or .. parts.`);
  return path.replaceAll(/\/{2,}/g, '/');
}

/** The parts of a name below `subdir`. */
function fileParts(name: string, where: string): readonly string[] {
  const parts = name.split('/');
  if (!parts.includes('..') && !parts.includes('.') && !parts.includes('')) return parts;
  throw badRequest(`${where}.filename must be the name of a file below subdir.`);
}

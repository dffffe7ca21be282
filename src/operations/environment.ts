import { Secret } from '../base/secret.ts';
import { defaultDirectory } from '../core/default-directory.ts';
import { AppError, withField } from '../core/errors.ts';
import { isJobCredential } from '../core/job-credential.ts';
import { isJobDatabase } from '../core/job-database.ts';
import type { LocationRequest } from '../core/request.ts';
import type { Sealer } from '../core/sealer.ts';
import type { Engine, EngineTarget } from '../engines/engine.ts';
import type { OpenedCredential, Storage } from '../storages/storage.ts';
import { checkMounted, localDatabase, localDirectory, localUrl } from './local-places.ts';
import { readOnlyStorage } from './read-only-storage.ts';

/** A registered database with what is needed to open it. */
export interface ResolvedDatabase {
  readonly name: string;
  readonly engine: Engine;
  /** Unsealed: never log it. */
  readonly target: EngineTarget;
}

/** What operations and service may reach of the outside, composed in app.ts. */
export interface Environment {
  readonly engines: readonly Engine[];
  /** The engine that answers for a database URL's scheme. Throws `url-invalid` naming the schemes that exist. */
  engineForUrl(url: string): Engine;
  /** Throws `database-unknown`. */
  database(name: string): Promise<ResolvedDatabase>;
  /** A credential, unsealed: never log it. Who may use it is asked in service/credentials.ts. Throws `credential-unknown`. */
  credential(name: string): Promise<OpenedCredential>;
  /** The secret of a credential that holds a key for dump sets. Throws `credential-unknown`. */
  encryptionKey(credential: string): Promise<Secret>;
  /**
   * The storage behind its layers, entered with the credential of the directory or of the location; only to be read where the directory
   * is so. Throws `directory-unknown`,
   * `credential-unknown`, `location-invalid`. No I/O at the place itself.
   */
  storage(location: LocationRequest): Promise<Storage>;
  /**
   * Where jobs may run on any of several instances: throws `not-shared` for a place that only one machine sees, and for a database in a file that is not
   * marked as shared.
   */
  refuseLocalPlace(location: LocationRequest): Promise<void>;
  refuseLocalDatabase(name: string): Promise<void>;
  /** The same, which knows these credentials besides the registry's: those that come with a request whose job is not made yet. */
  withCredentials(credentials: ReadonlyMap<string, SealedCredential>): Environment;
}

/** A credential as the registry keeps it. */
export interface SealedCredential {
  readonly type: string;
  readonly sealedBody: string;
}

/** What is asked of the registry here. */
export interface NamedThings {
  getDatabase(name: string): Promise<{
    readonly engine: string;
    readonly sealedTarget: string;
    readonly shared?: boolean;
  } | null>;
  getDirectory(name: string): Promise<{
    readonly url: string;
    readonly credential: string | null;
    readonly readOnly?: boolean;
    readonly shared?: boolean;
  } | null>;
  getCredential(name: string): Promise<SealedCredential | null>;
}

export interface EnvironmentParts {
  readonly engines: readonly Engine[];
  /** The storage behind a URL, in its layers (storages/stack.ts). Throws `location-invalid`. */
  readonly openStorage: (url: URL, credential: OpenedCredential | null) => Storage;
  readonly registry: NamedThings;
  readonly sealer: Sealer;
  /** Jobs run on any of several instances; absent: on this one. */
  readonly spread?: Spread;
}

/** What has to be known where several instances share the work. */
export interface Spread {
  /** Name of this one. */
  readonly instance: string;
  /** Whether a URL leads to the machine of the process. */
  readonly isLocal: (url: URL) => boolean;
}

/** Seals an engine's target for the registry. */
export const sealTarget = (sealer: Sealer, target: EngineTarget): string =>
  sealer.seal(JSON.stringify(target));

/** What of a credential is secret, or might be. */
export interface CredentialBody {
  readonly id: string | null;
  readonly secret: string | null;
  readonly options: Readonly<Record<string, string>>;
}

/** Seals a credential for the registry. */
export const sealCredential = (sealer: Sealer, body: CredentialBody): string =>
  sealer.seal(JSON.stringify(body));

/** Finds engines, registered databases and storages by what requests call them. */
export function createEnvironment(parts: EnvironmentParts): Environment {
  const { engines, openStorage, registry, sealer, spread } = parts;
  async function credential(name: string): Promise<OpenedCredential> {
    const record = await registry.getCredential(name);
    if (record === null) {
      throw isJobCredential(name) ? forgottenCredential() : unknownCredential(name, 'credential');
    }
    const { id, secret, options } = JSON.parse(sealer.unseal(record.sealedBody)) as CredentialBody;
    return { name, type: record.type, id, secret: secret === null ? null : new Secret(secret), options };
  }

  return {
    engines,
    credential,

    engineForUrl(url) {
      const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(url)?.[1]?.toLowerCase();
      const engine = engines.find(({ schemes }) => scheme !== undefined && schemes.includes(scheme));
      if (engine !== undefined) return engine;
      const known = engines.flatMap(({ schemes }) => schemes);
      throw new AppError('url-invalid', {
        field: 'url',
        // What stands there instead of a scheme may be part of a secret, so only a scheme is repeated.
        message:
          scheme === undefined
            ? 'The database URL does not begin with a scheme.'
            : `The database URL has the unknown scheme ${scheme}.`,
        hint: `Begin the URL with ${known.map((each) => `${each}:`).join(' or ')}.`,
      });
    },

    async database(name) {
      const record = await registry.getDatabase(name);
      if (record === null) {
        throw new AppError('database-unknown', {
          field: 'database',
          message: `There is no database ${JSON.stringify(name)}.`,
        });
      }
      const engine = engines.find(({ id }) => id === record.engine);
      if (engine === undefined) {
        throw new AppError('unsupported', {
          field: 'database',
          message: `The database ${name} needs the engine ${record.engine}, which this version does not have.`,
        });
      }
      return { name, engine, target: JSON.parse(sealer.unseal(record.sealedTarget)) as EngineTarget };
    },

    async encryptionKey(name) {
      const { type, secret } = await credential(name);
      if (type === 'encryption' && secret !== null) return secret;
      throw new AppError('field-invalid', {
        field: 'encryption_key',
        message: `The credential ${name} is of the type ${type}.`,
        hint: 'Name a credential of the type encryption.',
      });
    },

    async storage(location) {
      const place = await placeOf(registry, location);
      const opened = place.credential === null ? null : await credential(place.credential);
      if (spread?.isLocal(place.url) && place.shared) await checkMounted(place.url, spread.instance);
      try {
        const storage = openStorage(place.url, opened);
        return place.readOnly ? readOnlyStorage(storage) : storage;
      } catch (error) {
        throw withField(error, location.type === 'directory' ? 'directory' : 'location');
      }
    },

    async refuseLocalPlace(location) {
      if (spread === undefined) return;
      const { url, shared } = await placeOf(registry, location);
      if (shared || !spread.isLocal(url)) return;
      throw location.type === 'directory' ? localDirectory(location.directory, url) : localUrl();
    },

    async refuseLocalDatabase(name) {
      if (spread === undefined || isJobDatabase(name)) return;
      const record = await registry.getDatabase(name);
      const engine = engines.find(({ id }) => id === record?.engine);
      if (engine?.capabilities.localFiles === true && record?.shared !== true)
        throw localDatabase(name, engine);
    },

    withCredentials: (credentials) =>
      createEnvironment({
        ...parts,
        registry: {
          getDatabase: (name) => registry.getDatabase(name),
          getDirectory: (name) => registry.getDirectory(name),
          getCredential: async (name) => credentials.get(name) ?? (await registry.getCredential(name)),
        },
      }),
  };
}

/** The same whether it is missing or somebody else's: nobody learns of another's credentials. */
export const unknownCredential = (name: string, field: string): AppError =>
  new AppError('credential-unknown', {
    field,
    message: `There is no credential ${JSON.stringify(name)}.`,
  });

/** Of a job that has ended. */
const forgottenCredential = (): AppError =>
  new AppError('credential-unknown', {
    field: 'credential',
    message: 'The credential that came with the job was removed when the job had ended.',
    hint: 'Go to the files with a credential of your own.',
  });

async function placeOf(
  registry: NamedThings,
  location: LocationRequest,
): Promise<{
  readonly url: URL;
  readonly credential: string | null;
  readonly readOnly: boolean;
  readonly shared: boolean;
}> {
  if (location.type === 'url') {
    const { url, credential } = location;
    return { url: parseLocationUrl(url, 'location'), credential, readOnly: false, shared: false };
  }
  const directory = await registry.getDirectory(location.directory);
  if (directory === null) {
    throw new AppError('directory-unknown', {
      field: 'directory',
      message: `There is no directory ${JSON.stringify(location.directory)}.`,
      ...(location.directory === defaultDirectory ? { hint: noDefaultHint } : {}),
    });
  }
  const { url, credential, readOnly = false, shared = false } = directory;
  return { url: new URL(url), credential, readOnly, shared };
}

/** It is missing where somebody removed it, and where nobody has added it: no machine's folder is that of all instances. */
const noDefaultHint = `Create it with pumphouse directory add ${defaultDirectory} PATH; on a store that several instances share with --shared, for a folder that all of them mount, or give a storage URL as its path.`;

/** A storage URL as text, parsed. Throws `location-invalid`; the text is not repeated, since it may hold a secret. */
export function parseLocationUrl(text: string, field: string): URL {
  const url = URL.parse(text);
  if (url === null) {
    throw new AppError('location-invalid', {
      field,
      message: `${field} is not a valid URL.`,
      hint: 'Write it as file:///var/dumps, s3://bucket/prefix or sftp://user@host/path: without password, and odd characters percent-encoded.',
    });
  }
  if (url.password === '') return url;
  throw new AppError('location-invalid', {
    field,
    message: `${field} holds a password, and locations are not kept secret.`,
    hint: 'Leave user name and password out of the URL.',
  });
}

import Type, { type Static } from 'typebox';
import { AppError } from '../../core/errors.ts';
import type { LocationRequest, OwnFileRequest } from '../../core/request.ts';
import type { OwnFileInput } from '../../service/start-input.ts';

/** The members of requests, where dump files are. */
export const locationFields = {
  directory: Type.Optional(
    Type.String({ description: 'Named directory of the dump files; DATA_PUMP_DIR where none is given.' }),
  ),
  location: Type.Optional(
    Type.String({
      description: 'Storage URL of the dump files (`s3://bucket/prefix`), instead of a directory.',
    }),
  ),
  credential: Type.Optional(
    Type.String({ description: 'Name of the credential that the storage URL is entered with.' }),
  ),
};

/** A file of the engine's own format, in the members of requests. */
export const OwnFile = Type.Object(
  {
    ...locationFields,
    file: Type.String({
      description: 'Name of the file below its directory or location.',
      examples: ['cache-1_of_3.gz'],
    }),
  },
  {
    $id: 'OwnFile',
    description: 'A file of the own format of the database, with the place that it is at.',
    additionalProperties: false,
  },
);

/** The same for the other place, where a dump set is copied to. */
export const targetFields = {
  to_directory: Type.Optional(Type.String({ description: 'Named directory to copy to.' })),
  to_location: Type.Optional(
    Type.String({ description: 'Storage URL to copy to (`s3://bucket/prefix`), instead of a directory.' }),
  ),
  to_credential: Type.Optional(
    Type.String({ description: 'Name of the credential that this URL is entered with.' }),
  ),
};

/** How requests of this API spell where dump files are: at most one of the first two; `credential` goes with `location`. */
export interface LocationFields {
  readonly directory?: string;
  readonly location?: string;
  readonly credential?: string;
}

/**
 * The location that the fields mean; undefined when neither is there. Throws `field-invalid` when both are.
 * @param prefix of the fields in the request
 */
export function decodeLocation(
  fields: LocationFields,
  prefix: 'to_' | `own_files[${number}].` | '' = '',
): LocationRequest | undefined {
  const [directory, location, credential] = ['directory', 'location', 'credential'].map(
    (name) => prefix + name,
  );
  if (fields.directory !== undefined && fields.location !== undefined) {
    throw new AppError('field-invalid', {
      message: `${directory} and ${location} are both given.`,
      field: `${prefix}location`,
      hint: `Give ${directory} for a named directory, or ${location} for a storage URL.`,
    });
  }
  if (fields.credential !== undefined && fields.location === undefined) {
    throw new AppError('field-invalid', {
      message: `${credential} is given without ${location}.`,
      field: `${prefix}credential`,
      hint: `Give it with the storage URL as ${location}; a directory has its own credential.`,
    });
  }
  if (fields.directory !== undefined) return { type: 'directory', directory: fields.directory };
  if (fields.location !== undefined) {
    return { type: 'url', url: fields.location, credential: fields.credential ?? null };
  }
  return undefined;
}

/** The reverse, with all fields. Locations hold no secrets: the service refuses such. */
export function locationView(location: LocationRequest): {
  readonly directory: string | null;
  readonly location: string | null;
  readonly credential: string | null;
} {
  return location.type === 'directory'
    ? { directory: location.directory, location: null, credential: null }
    : { directory: null, location: location.url, credential: location.credential };
}

/** The files that the entries mean. Throws `field-invalid` naming the entry for one whose place is said twice. */
export const decodeOwnFiles = (entries: readonly Static<typeof OwnFile>[]): readonly OwnFileInput[] =>
  entries.map(({ file, ...place }, index) => ({
    ...placeOf(decodeLocation(place, `own_files[${index}].`)),
    file,
  }));

const placeOf = (location: LocationRequest | undefined): { readonly location?: LocationRequest } =>
  location === undefined ? {} : { location };

/** The reverse, with the fields that are there. */
export const ownFileView = ({ location, file }: OwnFileRequest): Static<typeof OwnFile> => {
  if (location.type === 'directory') return { directory: location.directory, file };
  const { url, credential } = location;
  return { location: url, ...(credential === null ? {} : { credential }), file };
};

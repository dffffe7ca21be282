import { AppError } from '../../core/errors.ts';
import type { LocationRequest } from '../../core/request.ts';

/** How requests of this API spell where dump files are: at most one of the two. */
export interface LocationFields {
  readonly directory?: string;
  readonly location?: string;
}

/** The location that the fields mean; undefined when neither is there. Throws `field-invalid` when both are. */
export function decodeLocation(fields: LocationFields): LocationRequest | undefined {
  if (fields.directory !== undefined && fields.location !== undefined) {
    throw new AppError('field-invalid', {
      message: 'directory and location are both given.',
      field: 'location',
      hint: 'Give directory for a named directory, or location for a storage URL.',
    });
  }
  if (fields.directory !== undefined) return { type: 'directory', directory: fields.directory };
  if (fields.location !== undefined) return { type: 'url', url: fields.location };
  return undefined;
}

/** The reverse, with both fields. Locations hold no secrets: the service refuses such. */
export function locationView(location: LocationRequest): {
  readonly directory: string | null;
  readonly location: string | null;
} {
  return location.type === 'directory'
    ? { directory: location.directory, location: null }
    : { directory: null, location: location.url };
}

/** Which fields a location has, by its type. */
export interface LocationFields {
  readonly required: readonly string[];
  readonly optional: readonly string[];
}

/** Destinations of exports and backups. Fields of ours: `endpoint_url`, `host_key`. */
export const destinationFields = {
  url: { required: ['url'], optional: [] },
  sftp: { required: ['sftp_url'], optional: ['key', 'host_key'] },
  s3: {
    required: ['bucket_name', 'access_key_id', 'secret_access_key'],
    optional: ['subdir', 'region_name', 'endpoint_url'],
  },
  gs: {
    required: ['bucket_name', 'client_id', 'client_email', 'private_key_id', 'private_key'],
    optional: ['subdir', 'endpoint_url'],
  },
  abs: {
    required: ['container', 'account_name'],
    optional: ['account_key', 'sas_token', 'subdir', 'endpoint_url'],
  },
  mount_point: { required: ['path'], optional: [] },
} as const satisfies Readonly<Record<string, LocationFields>>;
export type LocationType = keyof typeof destinationFields;

/** Types whose sources name their file in a field of its own; in the others the address ends in it. */
export const typesWithFilename: readonly LocationType[] = ['s3', 'gs', 'abs'];

/** The fields of a source of an import. */
export function sourceFields(type: LocationType): LocationFields {
  const { required, optional } = destinationFields[type];
  return typesWithFilename.includes(type)
    ? { required: [...required, 'filename'], optional }
    : { required, optional };
}

export const locationTypes = Object.keys(destinationFields) as readonly LocationType[];

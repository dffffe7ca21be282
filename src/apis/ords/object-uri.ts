/** Where an object-store URI leads: `s3://bucket/prefix?region=r`, and what its files are called: `EXPDAT%U.DMP`. */
export interface ObjectPlace {
  readonly location: string;
  readonly filePattern: string;
}

/**
 * Parts the URI of a dump file at its last slash; a query stays with the location. This comes before anything parses the URI: `%U` is no
 * percent-escape. Null when the text is no URI, or names no file below its host or bucket.
 */
export function splitObjectUri(uri: string): ObjectPlace | null {
  const match =
    /^(?<base>[a-z][a-z0-9+.-]*:\/\/[^/?#\s]+(?:\/[^?\s]*)?)\/(?<file>[^/?\s]+)(?<query>\?\S*)?$/i.exec(uri);
  const { base, file, query = '' } = match?.groups ?? {};
  return base === undefined || file === undefined ? null : { location: base + query, filePattern: file };
}

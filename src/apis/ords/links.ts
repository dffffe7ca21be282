/** Where a request stands: links lead back to the same pool and alias. */
export interface Place {
  /** `https://host/ords/{pool}/{alias}/_/db-api/stable`, without trailing slash. */
  readonly base: string;
}

/** The address of a job; the comma stays as it is, as in every published link. */
export const jobHref = (place: Place, owner: string, name: string): string =>
  `${place.base}/database/datapump/jobs/${encodeURIComponent(owner)},${encodeURIComponent(name)}/`;

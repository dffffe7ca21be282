/*
 * Credentials that come with a start request. Names that users give hold no colon, so that nobody can have a credential that is called so.
 */

/** How a start request names the n-th credential that comes with it, from 0, while there is no job yet. */
export const ownCredentialName = (position: number): string => `own:${position}`;

/** The name that it is kept under, once there is a job. */
export const jobCredentialName = (jobId: string, position: number): string =>
  `${jobCredentialPrefix(jobId)}${position}`;

/** How the names of a job's own credentials begin, and no others. */
export const jobCredentialPrefix = (jobId: string): string => `job:${jobId}:`;

/** Whether a credential is some job's own, and therefore nobody's to name. */
export const isJobCredential = (name: string): boolean => name.startsWith('job:');

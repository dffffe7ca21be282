/*
 * Databases that a job registers for itself while it works: scratch databases. Names that users give hold no colon, so that nobody can have a
 * database that is called so; lists leave them out.
 */

/** `word` tells those of one job apart: `scratch`. */
export const jobDatabaseName = (jobId: string, word: string): string => `job:${jobId}:${word}`;

/** Whether a database is some job's own, and therefore nobody's to name. */
export const isJobDatabase = (name: string): boolean => name.startsWith('job:');

/** The id of the job that it belongs to; null: it is no job's. */
export const jobOfDatabase = (name: string): string | null => /^job:([^:]+):/.exec(name)?.[1] ?? null;

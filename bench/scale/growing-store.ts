import type { ServiceProcess } from '../../test/harness/service-process.ts';
import type { SqlStore } from './stock.ts';

/** A store that jobs are heaped up in. */
export interface GrowingStore extends AsyncDisposable {
  readonly name: string;
  /** Directory that exports go to. */
  readonly directory: string;
  start(flags: readonly string[]): Promise<ServiceProcess>;
  /** Once, by the first service. */
  prepare(service: ServiceProcess): Promise<void>;
  /** Past the service, which must not run. */
  readonly sql: SqlStore;
  /** What it takes to get the first tasks of queued jobs, and to complete them; likewise. */
  claims(times: number): Promise<ClaimTimes>;
  /** How the statements of the verbs are carried out, a line each, those first that read a growing table through; likewise. */
  plans(jobId: string): Promise<readonly string[]>;
}

export interface ClaimTimes {
  readonly claim: readonly number[];
  readonly complete: readonly number[];
}

/** Tables that grow with the jobs. */
export const growingTables: readonly string[] = ['job', 'task', 'task_group', 'job_log', 'job_document'];

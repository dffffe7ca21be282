import { etagOf } from '../../base/etag.ts';
import type { Job } from '../../core/job.ts';
import type { ApiReply, ApiRequest } from '../api.ts';
import { type JobView, jobView } from './job-view.ts';
import { type Rate, unknownRate } from './rate-meter.ts';

/** How jobs are shown to those who ask. */
export interface JobViews {
  /** With links as the request sees them. */
  of(job: Job, request: Pick<ApiRequest, 'basePath'>): JobView;
  /**
   * The entity tag: equal for one version of a job at every instance and through every proxy. So it leaves out what an instance has measured by
   * itself (the rate) and the prefix of links.
   */
  tagOf(job: Job): string;
  /** The answer to a request that starts a job, or has started it before. */
  started(started: { readonly job: Job; readonly created: boolean }, request: ApiRequest): ApiReply;
}

/** @param prefix of the API */
export function createJobViews(rateOf: (job: Job) => Rate, prefix: string): JobViews {
  const of: JobViews['of'] = (job, { basePath }) => jobView(job, rateOf(job), `${basePath}${prefix}`);
  const tagOf = (job: Job): string => etagOf(jobView(job, unknownRate, prefix));
  return {
    of,
    tagOf,
    started({ job, created }, request) {
      const body = of(job, request);
      const replayed: Record<string, string> = created ? {} : { 'idempotency-replayed': 'true' };
      return {
        status: created ? 201 : 200,
        headers: { etag: tagOf(job), location: body.links.self, ...replayed },
        body,
      };
    },
  };
}

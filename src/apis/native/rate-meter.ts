import { isResting, type Job } from '../../core/job.ts';

/** How fast a job is, by what was seen of it lately. */
export interface Rate {
  /** Null while nothing can be said. */
  readonly bytesPerSecond: number | null;
  readonly secondsLeft: number | null;
}

interface Sample {
  readonly version: number;
  readonly at: number;
  readonly bytes: number;
}

/** Progress of the last seconds counts; older samples go. */
const windowMs = 15_000;
/** Jobs that are remembered; the longest unseen go first. */
const rememberedJobs = 500;

/** Of a job that nothing can be said of. */
export const unknownRate: Rate = { bytesPerSecond: null, secondsLeft: null };

/**
 * Measures the rate of jobs from the views that callers ask for, each process by itself. One and the same version of a job always has the same
 * rate. A job seen for the first time has its average since it started.
 */
export function createRateMeter(now: () => number): (job: Job) => Rate {
  const seen = new Map<string, readonly Sample[]>();

  return (job) => {
    if (isResting(job.state) || job.startedAt === null) {
      seen.delete(job.id);
      return unknownRate;
    }
    const known = seen.get(job.id) ?? [{ version: -1, at: job.startedAt, bytes: 0 }];
    const samples = withSample(known, { version: job.version, at: now(), bytes: job.progress.bytesDone });
    seen.delete(job.id);
    seen.set(job.id, samples);
    const oldest = seen.keys().next();
    if (seen.size > rememberedJobs && oldest.done !== true) seen.delete(oldest.value);
    return rateOf(samples, job.progress.bytesTotal);
  };
}

function withSample(samples: readonly Sample[], sample: Sample): readonly Sample[] {
  const last = samples.at(-1) as Sample;
  if (last.version === sample.version) return samples;
  // Fewer bytes than before: the data was started again.
  if (sample.bytes < last.bytes) return [sample];
  const recent = samples.filter((each) => each.at >= sample.at - windowMs);
  return [...(recent.length > 0 ? recent : [last]), sample];
}

function rateOf(samples: readonly Sample[], bytesTotal: number): Rate {
  const first = samples[0] as Sample;
  const last = samples.at(-1) as Sample;
  const seconds = (last.at - first.at) / 1000;
  if (seconds <= 0) return unknownRate;
  const bytesPerSecond = Math.round((last.bytes - first.bytes) / seconds);
  const left = Math.max(0, bytesTotal - last.bytes);
  return { bytesPerSecond, secondsLeft: bytesPerSecond > 0 ? Math.ceil(left / bytesPerSecond) : null };
}

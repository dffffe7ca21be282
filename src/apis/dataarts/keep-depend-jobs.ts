import { jsonSpans } from '../../base/json-spans.ts';
import { insertMembers, memberSpan } from './document.ts';

/** Where the list of jobs is that a schedule depends on. */
const way = ['schedule', 'cron', 'dependJobs'];

/**
 * The text of a changed job with the list `dependJobs.jobs` of its old text, where the change has a cron schedule and says nothing of that
 * list: an empty one clears it.
 */
export function keepDependJobs(changed: string, old: string): string {
  const [, , , oldJobs] = walk(old, [...way, 'jobs']);
  if (oldJobs === undefined) return changed;
  const [, cron, dependJobs, jobs] = walk(changed, [...way, 'jobs']);
  if (cron?.members === undefined || jobs !== undefined) return changed;
  const list = old.slice(oldJobs.start, oldJobs.end);
  if (dependJobs?.members !== undefined) return insertMembers(changed, dependJobs, [['jobs', list]]);
  return dependJobs === undefined
    ? insertMembers(changed, cron, [['dependJobs', `{"jobs":${list}}`]])
    : changed;
}

/** The values on a way of names; from the first one that is missing on undefined. */
function walk(text: string, names: readonly string[]) {
  let at: ReturnType<typeof memberSpan> = jsonSpans(text);
  return names.map((name) => {
    at = memberSpan(at, name);
    return at;
  });
}

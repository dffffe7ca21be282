import type { Event } from '../core/event.ts';
import { isAllowed } from '../core/permission.ts';
import { authorise } from './authorise.ts';
import type { BackupService } from './backup-service.ts';
import type { ServiceDependencies } from './dependencies.ts';
import { readLimit, readSeq } from './input.ts';
import type { CallContext } from './service.ts';

/** How many are looked through at once for those that the caller may read. */
const pageEvents = 1000;

/** What happened that people and programs want to hear of. */
export function createEvents({
  events,
}: Pick<ServiceDependencies, 'events'>): Pick<BackupService, 'listEvents'> {
  return {
    async listEvents(context, rawAfter, rawLimit) {
      authorise(context, 'backup:read');
      const limit = readLimit(rawLimit, 'limit', 100);
      let afterSeq = readSeq(rawAfter);
      const found: Event[] = [];
      while (found.length < limit) {
        const page = await events.listEvents({ afterSeq, limit: pageEvents });
        found.push(...page.filter((event) => mayRead(context, event)));
        const last = page.at(-1);
        if (last === undefined || page.length < pageEvents) break;
        afterSeq = last.seq;
      }
      return found.slice(0, limit);
    },
  };
}

/** What is about no database is for those who look after the service. */
const mayRead = ({ caller }: CallContext, { database }: Event): boolean =>
  database === null
    ? caller.role === 'administrator' || caller.role === 'operator'
    : isAllowed(caller, 'backup:read', { database });

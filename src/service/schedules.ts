import { isAllowed } from '../core/permission.ts';
import type { ScheduleSubject } from '../core/schedule.ts';
import { authorise } from './authorise.ts';
import type { BackupService } from './backup-service.ts';
import type { ServiceDependencies } from './dependencies.ts';
import type { CallContext } from './service.ts';

/** What starts by itself, and when. */
export function createSchedules({
  schedules,
}: Pick<ServiceDependencies, 'schedules'>): Pick<BackupService, 'listSchedules'> {
  return {
    async listSchedules(context) {
      authorise(context, 'backup:read');
      const all = await schedules.listSchedules();
      return all.filter(({ subject }) => mayRead(context, subject));
    },
  };
}

const mayRead = ({ caller }: CallContext, subject: ScheduleSubject): boolean =>
  subject.type === 'backup'
    ? isAllowed(caller, 'backup:read', { database: subject.database })
    : isAllowed(caller, 'definition:read');

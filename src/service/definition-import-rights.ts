import { AppError } from '../core/errors.ts';
import type { Job } from '../core/job.ts';
import type { DefinitionImportParts } from '../operations/definition-import.ts';
import type { ServiceDependencies } from './dependencies.ts';
import { presentCaller } from './present-caller.ts';
import type { CallContext, Service } from './service.ts';
import { authoriseChange } from './workspace-items.ts';

/** What imports of definitions do with the rights that their owners have now; the audit trail names the owner. */
export function createDefinitionImportRights(
  { registry }: Pick<ServiceDependencies, 'registry'>,
  service: Pick<Service, 'startSchedule'>,
): Pick<DefinitionImportParts, 'startSchedule' | 'authoriseOverwrite'> {
  async function contextOf({ id, owner, name }: Job): Promise<CallContext> {
    const caller = await presentCaller(registry, owner);
    if (caller !== null) return { caller, requestId: `job ${id}`, signal: new AbortController().signal };
    throw new AppError('forbidden', {
      message: `The user ${owner}, with whose rights the job ${name} works, was removed.`,
      hint: 'Start it again as another user.',
    });
  }
  return {
    async startSchedule(job, workspace, definition) {
      await service.startSchedule(await contextOf(job), workspace, definition, {}, job.api);
    },
    async authoriseOverwrite(job, item) {
      authoriseChange(await contextOf(job), item);
    },
  };
}

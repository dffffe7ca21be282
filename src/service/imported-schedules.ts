import { AppError } from '../core/errors.ts';
import type { DefinitionImportParts } from '../operations/definition-import.ts';
import type { ServiceDependencies } from './dependencies.ts';
import { presentCaller } from './present-caller.ts';
import type { Service } from './service.ts';

/** Turns the schedules of imported definitions on, with the rights that the import's owner has now; the audit trail names the owner. */
export const createImportedSchedules =
  (
    { registry }: Pick<ServiceDependencies, 'registry'>,
    service: Pick<Service, 'startSchedule'>,
  ): DefinitionImportParts['startSchedule'] =>
  async ({ id, owner, name, api }, workspace, definition) => {
    const caller = await presentCaller(registry, owner);
    if (caller === null) {
      throw new AppError('forbidden', {
        message: `The user ${owner}, with whose rights the job ${name} works, was removed.`,
        hint: 'Start it again as another user.',
      });
    }
    const context = { caller, requestId: `job ${id}`, signal: new AbortController().signal };
    await service.startSchedule(context, workspace, definition, {}, api);
  };

import { AppError } from '../core/errors.ts';
import { type Action, isAllowed, type Subject } from '../core/permission.ts';
import type { ServiceDependencies } from './dependencies.ts';
import type { CallContext } from './service.ts';

/** A state-changing request as the audit trail names it. */
export interface Command {
  /** `database:add`, `job:stop`. */
  readonly name: string;
  /** Name of the thing that it is about. */
  readonly subject: string;
}

/** Throws `forbidden`, naming the action, unless the caller may do it. */
export function authorise({ caller }: CallContext, action: Action, subject: Subject = {}): void {
  if (isAllowed(caller, action, subject)) return;
  // Whether it is the role or the grant that is missing tells the caller whom to ask for what.
  const role = !isAllowed(caller, action);
  throw new AppError('forbidden', {
    message: role
      ? `The role ${caller.role} of user ${caller.name} does not allow ${action}.`
      : `User ${caller.name} has no grant on database ${subject.database}.`,
    context: { action, caller: caller.name },
  });
}

/**
 * Decides by `check` whether a state-changing request may go on, and writes that to the audit trail before anything happens.
 * The trail tells who asked for what and whether it was let through; how it ended is in the log and in the job.
 */
export async function authoriseCommand<T>(
  { registry, clock }: Pick<ServiceDependencies, 'registry' | 'clock'>,
  context: CallContext,
  command: Command,
  check: () => T | Promise<T>,
): Promise<T> {
  const audit = (outcome: 'allowed' | 'refused'): Promise<void> =>
    registry.audit({
      at: clock.now(),
      caller: context.caller.name,
      action: command.name,
      subject: command.subject,
      outcome,
      requestId: context.requestId,
    });
  let result: T;
  try {
    result = await check();
  } catch (error) {
    await audit('refused');
    throw error;
  }
  await audit('allowed');
  return result;
}

import { firstTime } from '../core/cron.ts';
import type { Definition, DefinitionVersion } from '../core/definition.ts';
import { checkRunnable } from '../core/definition-check.ts';
import { AppError } from '../core/errors.ts';
import type { RunParams } from '../core/run-parameters.ts';
import type { Schedule, ScheduleRule } from '../core/schedule.ts';
import { authorise, authoriseCommand } from './authorise.ts';
import { readDefinition } from './definition-content.ts';
import type { ServiceDependencies } from './dependencies.ts';
import { readText } from './input.ts';
import { authoriseRun, resolveRun } from './run-needs.ts';
import { readParams } from './run-params.ts';
import type { CallContext, Service } from './service.ts';
import type { InTurn } from './wallet.ts';
import { authoriseChange, scheduleSubject, unknownItem } from './workspace-items.ts';
import { findWorkspace, spellWorkspace } from './workspaces.ts';

type DefinitionFunctions = Pick<
  Service,
  'submitDefinition' | 'getVersion' | 'listVersions' | 'startSchedule' | 'stopSchedule' | 'getSchedule'
>;

/**
 * Versions of definitions, and their schedules: commands and queries.
 * @param inTurn as of {@link createWorkspaceItems}
 */
export function createDefinitions(parts: ServiceDependencies, inTurn: InTurn): DefinitionFunctions {
  const { workspaces, schedules, clock } = parts;

  /** Lets a command on a definition through, or not. `check` is asked too, before the audit trail is written. */
  function admit<T>(
    context: CallContext,
    command: { readonly name: string; readonly workspace: string | null; readonly definition: string },
    check: (workspace: string, definition: string) => Promise<T>,
  ): Promise<T> {
    const { name, workspace, definition } = command;
    const subject = `${spellWorkspace(workspace)}/${definition}`;
    return authoriseCommand(parts, context, { name, subject }, async () => {
      authorise(context, 'definition:manage');
      return await check((await findWorkspace(parts, workspace)).id, definition);
    });
  }

  const isKnown = async (workspace: string, definition: string) => {
    if ((await workspaces.getItem(workspace, 'definition', definition)) === null) {
      throw unknownItem('definition', definition);
    }
    return workspace;
  };

  async function draftOf(workspace: string, definition: string) {
    const item = await workspaces.getItem(workspace, 'definition', definition);
    return item ?? Promise.reject(unknownItem('definition', definition));
  }

  /** Throws unless the caller may do what the runs of a schedule will do. */
  async function authoriseScheduled(
    context: CallContext,
    workspace: string,
    definition: Definition,
    params: RunParams,
  ): Promise<void> {
    checkRunnable(definition);
    const at = clock.now();
    await authoriseRun(parts, context, await resolveRun(parts, { workspace, definition, params, at }));
  }

  /** Throws for a developer who would switch off or replace the schedule of somebody else. */
  function authoriseReplacing(context: CallContext, definition: string, on: Schedule | null): void {
    if (on !== null) authoriseChange(context, { name: `The schedule of ${definition}`, createdBy: on.owner });
  }

  return {
    async submitDefinition(context, workspace, rawName) {
      const definition = readName(rawName);
      // What was checked is what is submitted: nobody changes the draft in between.
      return inTurn(async () => {
        const command = { name: 'definition:submit', workspace, definition };
        const { room, schedule } = await admit(context, command, async (found) => {
          const { content, ...draft } = await draftOf(found, definition);
          authoriseChange(context, draft);
          readDefinition(content);
          const on = await schedules.getSchedule(scheduleSubject(found, definition));
          if (on === null) return { room: found, schedule: null };
          const rule = ruleOf(definition, 'The draft', content);
          await authoriseScheduled(context, found, content, on.params);
          return { room: found, schedule: { ...on, rule, nextAt: firstTime(rule, clock.now()) } };
        });
        const owner = context.caller.name;
        // A schedule that is on runs the last version, at the times of that, and with the rights of whoever decided what it runs. It comes
        // first: after a crash in between, the old version runs with these rights, and never the new one with others.
        if (schedule !== null) await schedules.putSchedule({ ...schedule, owner });
        await workspaces.changeWorkspace(room, owner, [{ type: 'submit', name: definition }]);
        return await draftOf(room, definition);
      });
    },

    async getVersion(context, workspace, rawName, version) {
      authorise(context, 'definition:read');
      const room = await findWorkspace(parts, workspace);
      return await findVersion(parts, room.id, readName(rawName), version);
    },

    async listVersions(context, workspace, rawName) {
      authorise(context, 'definition:read');
      const name = readName(rawName);
      const room = await isKnown((await findWorkspace(parts, workspace)).id, name);
      return await workspaces.listVersions(room, name);
    },

    async startSchedule(context, workspace, rawName, rawParams, api = 'native') {
      const definition = readName(rawName);
      const params = readParams(rawParams);
      return inTurn(async () => {
        const command = { name: 'definition:start', workspace, definition };
        const { subject, rule } = await admit(context, command, async (room) => {
          const { version, content } = await findVersion(parts, room, definition);
          const target = scheduleSubject(room, definition);
          authoriseReplacing(context, definition, await schedules.getSchedule(target));
          await authoriseScheduled(context, room, content, params);
          return { subject: target, rule: ruleOf(definition, `Version ${version}`, content) };
        });
        const nextAt = firstTime(rule, clock.now());
        const owner = context.caller.name;
        return await schedules.putSchedule({ subject, rule, params, owner, api, nextAt });
      });
    },

    async stopSchedule(context, workspace, rawName) {
      const definition = readName(rawName);
      const command = { name: 'definition:stop', workspace, definition };
      const room = await admit(context, command, async (found) => {
        await isKnown(found, definition);
        const on = await schedules.getSchedule(scheduleSubject(found, definition));
        authoriseReplacing(context, definition, on);
        return found;
      });
      await inTurn(() => schedules.removeSchedule(scheduleSubject(room, definition)));
    },

    async getSchedule(context, workspace, rawName) {
      authorise(context, 'definition:read');
      const name = readName(rawName);
      const room = await isKnown((await findWorkspace(parts, workspace)).id, name);
      return await schedules.getSchedule(scheduleSubject(room, name));
    },
  };
}

/** The times that a version asks for. Throws `definition-invalid` where there are none. */
function ruleOf(definition: string, version: string, { schedule }: Definition): ScheduleRule {
  if (schedule !== null) return schedule;
  throw new AppError('definition-invalid', {
    field: 'schedule',
    message: `${version} of the definition ${definition} has no schedule.`,
    hint: `Give it one and submit it; or stop the schedule: pumphouse definition stop ${definition}.`,
  });
}

const readName = (name: unknown): string => readText(name, 'name', 'Name a definition.', 128);

/** Version 0: the draft; undefined: the last submitted one. Throws `definition-draft`, `item-unknown`. */
export async function findVersion(
  { workspaces }: Pick<ServiceDependencies, 'workspaces'>,
  workspace: string,
  name: string,
  version?: number,
): Promise<DefinitionVersion> {
  const item = await workspaces.getItem(workspace, 'definition', name);
  if (item === null) throw unknownItem('definition', name);
  if (version === 0) {
    const { content, document, updatedBy, updatedAt } = item;
    return { version: 0, content, document, submittedBy: updatedBy, submittedAt: updatedAt };
  }
  if (version === undefined && item.version === 0) {
    throw new AppError('definition-draft', {
      field: 'name',
      message: `No version of the definition ${name} was submitted.`,
      hint: `Submit it first: pumphouse definition submit ${name}.`,
    });
  }
  const found = await workspaces.getVersion(workspace, name, version ?? item.version);
  if (found !== null) return found;
  throw new AppError('item-unknown', {
    field: 'version',
    message: `The definition ${name} has no version ${version}.`,
    hint: `See pumphouse definition versions ${name}.`,
  });
}

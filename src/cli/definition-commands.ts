import { type Command, Option } from 'commander';
import type { CommandDefiner } from './define-command.ts';
import { addRunning, running } from './job-options.ts';
import { addCommon, addParams, addRename, addWorkspaceFlag } from './workspace-commands.ts';

const definitionExamples = `
Examples:
  pumphouse workspace add main
  pumphouse connection add shop --database shop
  pumphouse script add refresh --file refresh.sql --connection shop
  pumphouse definition add nightly --file nightly.json
  pumphouse definition run nightly --param run.date=2026-11-20
  pumphouse definition export nightly --dir ./definitions
`;

/** Commands about definitions and their runs. */
export function addDefinitionCommands(definer: CommandDefiner): void {
  addRunCommands(definer, addDefinitionOnes(definer));
}

function addDefinitionOnes(definer: CommandDefiner): Command {
  const { command, group } = definer;
  const definition = group('definition', 'Definitions: what runs, as a graph of nodes.').addHelpText(
    'after',
    definitionExamples,
  );
  addWorkspaceFlag(
    command<import('./commands/definition.ts').DefinitionFlags>(
      definition,
      'add <name>',
      'Add a definition, as a draft.',
      async (session, [name = ''], flags) =>
        (await import('./commands/definition.ts')).addDefinition(session, name, flags),
    ).requiredOption('--file <file>', 'JSON file: docs/guides/definitions.md.'),
  );
  addRename(
    addWorkspaceFlag(
      command<import('./commands/definition.ts').DefinitionFlags>(
        definition,
        'put <name>',
        'Replace the draft of a definition.',
        async (session, [name = ''], flags) =>
          (await import('./commands/definition.ts')).putDefinition(session, name, flags),
      ).requiredOption('--file <file>', 'JSON file.'),
    ),
  );
  addWorkspaceFlag(
    command<{ workspace?: string; ofVersion?: string }>(
      definition,
      'show <name>',
      'Print a definition as JSON.',
      async (session, [name = ''], flags) =>
        (await import('./commands/definition.ts')).showDefinition(session, name, flags),
    ).option('--of-version <n>', 'A submitted version; default: the draft.'),
  );
  addCommon(definer, definition, 'definition');
  addWorkspaceFlag(
    command<{ workspace?: string }>(
      definition,
      'submit <name>',
      'Make the draft the next version, which schedules run.',
      async (session, [name = ''], flags) =>
        (await import('./commands/definition.ts')).submitDefinition(session, name, flags),
    ),
  );
  addWorkspaceFlag(
    command<{ workspace?: string }>(
      definition,
      'versions <name>',
      'List the submitted versions.',
      async (session, [name = ''], flags) =>
        (await import('./commands/definition.ts')).listVersions(session, name, flags),
    ),
  );
  addWorkspaceFlag(
    command<import('./commands/definition.ts').DiffFlags>(
      definition,
      'diff <name>',
      'Compare two versions, or one with a file.',
      async (session, [name = ''], flags) =>
        (await import('./commands/definition.ts')).diffDefinition(session, name, flags),
    )
      .option('--from <side>', 'draft, last (the last submitted version), a number or a file.', 'last')
      .option('--to <side>', 'The same.', 'draft'),
  );
  addWorkspaceFlag(
    command<import('./commands/definition-files.ts').ExportFlags>(
      definition,
      'export [names...]',
      'Write definitions, with the scripts and connections that they name, as text files; without names all that the workspace holds.',
      async (session, names, flags) =>
        (await import('./commands/definition-files.ts')).exportDefinitions(session, names, flags),
    ).requiredOption('--dir <folder>', 'Folder to write to; it is made where it is missing.'),
  );
  addWorkspaceFlag(
    command<import('./commands/definition-files.ts').ImportFlags>(
      definition,
      'import',
      'Bring such files into a workspace, all or none.',
      async (session, _args, flags) =>
        (await import('./commands/definition-files.ts')).importDefinitions(session, flags),
      running,
    )
      .requiredOption('--dir <folder>', 'Folder to read.')
      .addOption(
        new Option(
          '--same-name <what>',
          'What becomes of things that are there already; default skip.',
        ).choices(['skip', 'overwrite']),
      )
      .addOption(
        new Option(
          '--status <status>',
          'Drafts only (saved, the default), a version too, or their schedules started too.',
        ).choices(['saved', 'submitted', 'scheduled']),
      ),
  );
  return definition;
}

function addRunCommands({ command }: CommandDefiner, definition: Command): void {
  addParams(
    addWorkspaceFlag(
      command<{ workspace?: string; param?: string[] }>(
        definition,
        'start <name>',
        'Switch the schedule of the last submitted version on.',
        async (session, [name = ''], flags) =>
          (await import('./commands/definition.ts')).startSchedule(session, name, flags),
      ),
    ),
  );
  addWorkspaceFlag(
    command<{ workspace?: string }>(
      definition,
      'stop <name>',
      'Switch the schedule off; runs go on.',
      async (session, [name = ''], flags) =>
        (await import('./commands/definition.ts')).stopSchedule(session, name, flags),
    ),
  );
  addRunning(
    addParams(
      addWorkspaceFlag(
        command<import('./commands/runs.ts').RunFlags>(
          definition,
          'run <name>',
          'Run a definition now, and follow it.',
          async (session, [name = ''], flags) =>
            (await import('./commands/runs.ts')).startRun(session, 'definition', name, flags),
          running,
        ).option(
          '--of-version <n>',
          'A submitted version, or draft; default: the last submitted one, or the draft where there is none.',
        ),
      ),
    ),
  );
  addWorkspaceFlag(
    command<{ workspace?: string }>(
      definition,
      'runs [name]',
      'List the runs, newest first.',
      async (session, [name], flags) => (await import('./commands/runs.ts')).listRuns(session, name, flags),
    ),
  );
  command(definition, 'nodes <run>', 'Show how each node of a run stands.', async (session, [id = '']) =>
    (await import('./commands/runs.ts')).showNodes(session, id),
  );
}

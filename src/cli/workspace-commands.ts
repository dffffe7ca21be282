import type { Command } from 'commander';
import type { CommandDefiner } from './define-command.ts';
import { addRunning, collect, running } from './job-options.ts';

export const addWorkspaceFlag = (command: Command): Command =>
  command.option('--workspace <name>', 'Name or id of the workspace; default: the default one.');

export const addRename = (command: Command): Command =>
  command.option('--rename <name>', 'Give it this name.');

export const addParams = (command: Command): Command =>
  command.option('--param <name=value>', 'Value of a parameter; may repeat.', collect);

/** Commands about workspaces and what definitions are made of. */
export function addWorkspaceCommands(definer: CommandDefiner): void {
  addWorkspaces(definer);
  addScriptCommands(definer);
  addPlainItemCommands(definer);
}

function addWorkspaces({ command, group }: CommandDefiner): void {
  const workspace = group(
    'workspace',
    'Workspaces: rooms for definitions, scripts, resources and connections.',
  );
  command(
    workspace,
    'add <name>',
    'Make a workspace; the first one is the default.',
    async (session, [name = '']) => (await import('./commands/workspace.ts')).addWorkspace(session, name),
  );
  command(workspace, 'list', 'List the workspaces.', async (session) =>
    (await import('./commands/workspace.ts')).listWorkspaces(session),
  );
  command(workspace, 'remove <name>', 'Remove an empty workspace.', async (session, [name = '']) =>
    (await import('./commands/workspace.ts')).removeWorkspace(session, name),
  );
  command<{ none?: boolean }>(
    workspace,
    'default [name]',
    'Choose the workspace that is meant where none is named, or say which one it is.',
    async (session, [name], flags) =>
      (await import('./commands/workspace.ts')).defaultWorkspace(session, name, flags),
  ).option('--none', 'None is the default any more.');
}

type PlainKind = 'script' | 'resource' | 'connection';

/** `list`, `show` and `remove`, which are the same for all kinds but definitions, which have a `show` of their own. */
export function addCommon(
  { command }: CommandDefiner,
  parent: Command,
  kind: PlainKind | 'definition',
): void {
  addWorkspaceFlag(
    command<{ workspace?: string }>(parent, 'list', `List the ${kind}s.`, async (session, _args, flags) =>
      (await import('./commands/items.ts')).listItems(session, kind, flags),
    ),
  );
  if (kind !== 'definition') {
    addWorkspaceFlag(
      command<{ workspace?: string }>(
        parent,
        'show <name>',
        kind === 'script' ? 'Print a script.' : `Show a ${kind}.`,
        async (session, [name = ''], flags) =>
          (await import('./commands/items.ts')).showItem(session, kind, name, flags),
      ),
    );
  }
  addWorkspaceFlag(
    command<{ workspace?: string }>(
      parent,
      'remove <name>',
      kind === 'definition'
        ? 'Remove a definition and its versions; its schedule must be off.'
        : `Remove a ${kind}.`,
      async (session, [name = ''], flags) =>
        (await import('./commands/items.ts')).removeItem(session, kind, name, flags),
    ),
  );
}

function addScriptCommands(definer: CommandDefiner): void {
  const { command, group } = definer;
  const script = group('script', 'Scripts that nodes of definitions run.');
  const addMembers = (made: Command): Command =>
    addWorkspaceFlag(made)
      .option('--connection <name>', 'Connection that it runs on where the node names none; "" for none.')
      .option('--type <type>', 'Default sql; scripts of other types are only kept.')
      .option('--description <text>', 'For people.');
  addMembers(
    command<import('./commands/items.ts').ScriptFlags>(
      script,
      'add <name>',
      'Add a script.',
      async (session, [name = ''], flags) =>
        (await import('./commands/items.ts')).addScript(session, name, flags),
    ).requiredOption('--file <file>', 'File with its text.'),
  );
  addRename(
    addMembers(
      command<import('./commands/items.ts').ScriptFlags>(
        script,
        'put <name>',
        'Change what is given of a script.',
        async (session, [name = ''], flags) =>
          (await import('./commands/items.ts')).putScript(session, name, flags),
      ).option('--file <file>', 'File with its text.'),
    ),
  );
  addCommon(definer, script, 'script');
  addRunning(
    addParams(
      addWorkspaceFlag(
        command<import('./commands/runs.ts').RunFlags>(
          script,
          'run <name>',
          'Run a script by itself, on its own connection.',
          async (session, [name = ''], flags) =>
            (await import('./commands/runs.ts')).startRun(session, 'script', name, flags),
          running,
        ),
      ),
    ),
    false,
  );
}

function addPlainItemCommands(definer: CommandDefiner): void {
  const { command, group } = definer;
  const connection = group('connection', 'Connections: names that nodes have for registered databases.');
  const describe = (made: Command): Command =>
    addWorkspaceFlag(made).option('--description <text>', 'For people.');
  describe(
    command<import('./commands/items.ts').ConnectionFlags>(
      connection,
      'add <name>',
      'Add a connection.',
      async (session, [name = ''], flags) =>
        (await import('./commands/items.ts')).addConnection(session, name, flags),
    ).requiredOption('--database <name>', 'The registered database that it leads to.'),
  );
  addRename(
    describe(
      command<import('./commands/items.ts').ConnectionFlags>(
        connection,
        'put <name>',
        'Change what is given of a connection.',
        async (session, [name = ''], flags) =>
          (await import('./commands/items.ts')).putConnection(session, name, flags),
      ).option('--database <name>', 'The registered database that it leads to.'),
    ),
  );
  addCommon(definer, connection, 'connection');

  const resource = group('resource', 'Resources: files that are kept by their place.');
  describe(
    command<import('./commands/items.ts').ResourceFlags>(
      resource,
      'add <name>',
      'Add a resource.',
      async (session, [name = ''], flags) =>
        (await import('./commands/items.ts')).addResource(session, name, flags),
    )
      .requiredOption('--type <type>', 'What it is: file, archive, jar.')
      .requiredOption('--location <url>', 'Where it is: a storage URL. It is only kept.'),
  );
  addRename(
    describe(
      command<import('./commands/items.ts').ResourceFlags>(
        resource,
        'put <name>',
        'Change what is given of a resource.',
        async (session, [name = ''], flags) =>
          (await import('./commands/items.ts')).putResource(session, name, flags),
      )
        .option('--type <type>', 'What it is: file, archive, jar.')
        .option('--location <url>', 'Where it is: a storage URL.'),
    ),
  );
  addCommon(definer, resource, 'resource');
}

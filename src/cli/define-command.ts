import { type Command, Option } from 'commander';
import { type OptionDeclaration, optionList } from '../config/options.ts';
import type { ExitCodeName } from './exit-codes.ts';
import type { CliHost } from './host.ts';
import { type CommandEnd, type Session, withSession } from './session.ts';
import { usageError } from './usage-error.ts';

/** Arguments and flags as commander gives them; each command knows its own. */
type Work<F> = (session: Session, args: readonly string[], flags: F) => Promise<CommandEnd>;

export interface CommandDetails {
  /** Which configuration options it takes; all that open the data folder by default. */
  readonly reads?: readonly OptionDeclaration['readBy'][];
  /** False: it prints no data, so that there is nothing to print as JSON. */
  readonly json?: boolean;
  /** True: it works although something in the config folder cannot be opened; see LoadedOptions.problems. */
  readonly mends?: boolean;
}

/** Where they stand in the help: behind what is the command's own. */
const settingsTitle = 'Settings (also in the environment and the config folder):';

/** Makes commands below one program. */
export interface CommandDefiner {
  /** Adds a command; `usage` is its name and arguments. */
  command<F = unknown>(
    parent: Command,
    usage: string,
    description: string,
    work: Work<F>,
    details?: CommandDetails,
  ): Command;
  /** Adds a command that only holds others; default below the program itself. */
  group(name: string, description: string, parent?: Command): Command;
}

/** `finish` is told how the command ended that the line called. */
export function createDefiner(
  program: Command,
  host: CliHost,
  finish: (end: ExitCodeName) => void,
): CommandDefiner {
  const add = (parent: Command, usage: string, description: string): Command => {
    const made = parent.command(usage).description(description).helpOption('--help', 'Print this help.');
    const names = [made.name()];
    for (let at: Command | null = parent; at !== null; at = at.parent) names.unshift(at.name());
    return made.helpCommand(false).exitOverride(usageError(names.join(' ')));
  };
  return {
    group: (name, description, parent = program) => add(parent, name, description),
    command(parent, usage, description, work, details = {}) {
      const { reads = ['all'] as const, json = true, mends = false } = details;
      const made = add(parent, usage, description);
      if (json) made.option('--json', 'Print JSON.');
      addConfigOptions(made, reads);
      return made.action(async (...parameters: unknown[]) => {
        // Commander calls with the arguments, the flags and the command itself.
        const flags = made.opts() as Parameters<typeof work>[2] & Record<string, unknown>;
        const args = parameters
          .slice(0, made.registeredArguments.length)
          // An argument that may repeat comes as a list.
          .flat()
          .filter((value) => typeof value === 'string');
        finish(await withSession(host, flags, mends, (session) => work(session, args, flags)));
      });
    },
  };
}

function addConfigOptions(command: Command, reads: readonly OptionDeclaration['readBy'][]): void {
  for (const [, { flag, help, readBy }] of optionList) {
    if (flag === null || !reads.includes(readBy)) continue;
    command.addOption(new Option(`${flag} <value>`, help).helpGroup(settingsTitle));
  }
}

import type { CommanderError } from 'commander';
import { AppError } from '../core/errors.ts';

/**
 * Commander's exit hook of the command line `command` (`pumphouse export`): a line that cannot be understood is an error like every other,
 * with the help that fits as its remedy. Help and version that were asked for, or that stand in for a missing command, pass.
 */
export const usageError =
  (command: string) =>
  (error: CommanderError): never => {
    if (error.exitCode === 0 || error.code === 'commander.help') throw error;
    const [problem = '', suggestion] = error.message.replace(/^error: /, '').split('\n');
    const sentence = problem.slice(0, 1).toUpperCase() + problem.slice(1);
    throw new AppError('usage', {
      message: sentence.endsWith('.') ? sentence : `${sentence}.`,
      hint: [suggestion, `See ${command} --help.`].filter((part) => part !== undefined).join(' '),
    });
  };

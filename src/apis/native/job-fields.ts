import Type from 'typebox';
import { mostPriority } from '../../core/job.ts';

/* Members that requests for jobs of all kinds have. */

export const Threads = {
  threads: Type.Optional(
    Type.Integer({
      minimum: 1,
      description: 'The most tasks to run at once; 1 by default, lowered to what the service allows.',
    }),
  ),
};

export const Priority = {
  priority: Type.Optional(
    Type.Integer({
      minimum: -mostPriority,
      maximum: mostPriority,
      description:
        'Jobs of a higher one go first, and those that they start; 0 by default. Above 0 for operators and administrators.',
    }),
  ),
};

export const Mail = {
  mail: Type.Optional(
    Type.Boolean({
      description:
        'Tell by e-mail when the job completes or fails: the user that asks, if the name is an address, else the addresses of the option smtp-to. False by default.',
    }),
  ),
};

import type { TargetTraits } from './commands.ts';
import { isAtLeast } from './server-version.ts';

/** Whether the target's hashes can have times to live for fields. */
export const knowsFieldExpiry = ({ family, version }: TargetTraits): boolean =>
  family === 'valkey' ? isAtLeast(version, 9, 0) : isAtLeast(version, 7, 4);

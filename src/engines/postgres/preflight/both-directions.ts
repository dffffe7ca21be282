import type { Finding } from '../../../core/catalogue.ts';
import type { Connection } from '../wire/connection.ts';
import { connectionsFinding } from './connections.ts';
import { encodingFinding } from './encoding.ts';
import type { Purpose } from './finding.ts';
import { locksFinding, preparedFinding } from './other-sessions.ts';
import { poolerFinding } from './pooler.ts';
import { limitsFinding } from './session-limits.ts';
import { versionFinding } from './version.ts';

/** What a look at a database needs. */
export interface Inspection {
  readonly connection: Connection;
  /** A second session, to compare with the first. */
  readonly openAnother: (signal: AbortSignal) => Promise<Connection>;
  readonly purpose: Purpose;
}

/** What matters to both directions. Of a version that cannot be worked with, nothing more is asked. */
export async function commonPreflight(
  { connection, openAnother, purpose }: Inspection,
  signal: AbortSignal,
): Promise<Finding[]> {
  const version = versionFinding(connection, purpose);
  if (version.level === 'red') return [version];
  return [
    version,
    await poolerFinding(connection, openAnother, purpose, signal),
    await encodingFinding(connection, purpose, signal),
    await connectionsFinding(connection, signal),
    await limitsFinding(connection, signal),
    await locksFinding(connection, signal),
    await preparedFinding(connection, signal),
  ];
}

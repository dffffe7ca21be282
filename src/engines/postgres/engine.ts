import type { Engine, EngineTarget } from '../engine.ts';
import { classifyPostgresError } from './classify.ts';
import { type Connector, type ConnectorOptions, createConnector } from './connector.ts';
import { describePostgresTarget, type PostgresTarget, parsePostgresUrl } from './database-url.ts';
import { refuseObjects } from './ddl/refuse.ts';
import { remapObjects } from './ddl/remap.ts';
import { schedule } from './ddl/schedule.ts';
import { openPostgresSource } from './source/source-session.ts';
import { openPostgresTarget } from './target/target-session.ts';

export interface PostgresOptions extends Partial<ConnectorOptions> {
  /** How long definitions wait for a lock that a session of somebody else holds. */
  readonly lockPatienceMs?: number;
}

/** The engine for PostgreSQL 13 to 18; tests shorten the times. */
export function createPostgresEngine({ lockPatienceMs = 60_000, ...options }: PostgresOptions = {}): Engine {
  const connector = (target: EngineTarget): Connector =>
    createConnector(target as unknown as PostgresTarget, {
      connectTimeoutMs: 10_000,
      silenceMs: 30_000,
      ...options,
    });
  return {
    id: 'postgres',
    title: 'PostgreSQL',
    schemes: ['postgres', 'postgresql'],
    capabilities: {
      modes: ['full', 'schema', 'table', 'tablespace'],
      encodings: ['text', 'binary'],
      joinableSnapshot: true,
      remaps: ['schemas', 'tables', 'tablespaces', 'owners'],
      tableExistsActions: ['skip', 'append', 'truncate', 'replace'],
      readRules: true,
      copy: true,
      keyedRows: false,
      ownFiles: null,
      erase: false,
      globalTypes: ['ROLE', 'TABLESPACE'],
    },
    defaultSchema: 'public',
    parseUrl: parsePostgresUrl,
    describe: (target) => describePostgresTarget(target as unknown as PostgresTarget),
    openSource: (target, context) => openPostgresSource(connector(target), context),
    openTarget: (target, context) => openPostgresTarget(connector(target), lockPatienceMs, context),
    schedule,
    remap: remapObjects,
    refuse: refuseObjects,
    classify: classifyPostgresError,
  };
}

export const postgresEngine: Engine = createPostgresEngine();

import type { Engine, EngineTarget } from '../engine.ts';
import { createAccounts } from './account/accounts.ts';
import { classifyPostgresError } from './classify.ts';
import { type Connector, type ConnectorOptions, createConnector } from './connector.ts';
import { describePostgresTarget, type PostgresTarget, parsePostgresUrl } from './database-url.ts';
import { refuseObjects } from './ddl/refuse.ts';
import { remapObjects } from './ddl/remap.ts';
import { schedule } from './ddl/schedule.ts';
import { createScratchDatabases } from './scratch/scratch-databases.ts';
import { openPostgresScripts } from './script/script-session.ts';
import { endReaders, openPostgresSource } from './source/source-session.ts';
import { openPostgresTarget } from './target/target-session.ts';

export interface PostgresOptions extends Partial<ConnectorOptions> {
  /** How long definitions wait for a lock that a session of somebody else holds. */
  readonly lockPatienceMs?: number;
}

/** The engine for PostgreSQL 13 to 18; tests shorten the times. */
export function createPostgresEngine({ lockPatienceMs = 60_000, ...options }: PostgresOptions = {}): Engine {
  const connect = (target: PostgresTarget): Connector =>
    createConnector(target, { connectTimeoutMs: 10_000, silenceMs: 30_000, ...options });
  const connector = (target: EngineTarget): Connector => connect(target as unknown as PostgresTarget);
  return {
    id: 'postgres',
    title: 'PostgreSQL',
    schemes: ['postgres', 'postgresql'],
    capabilities: {
      modes: ['full', 'schema', 'table', 'tablespace'],
      encodings: ['text', 'binary'],
      joinableSnapshot: true,
      localFiles: false,
      remaps: ['schemas', 'tables', 'tablespaces', 'owners'],
      tableExistsActions: ['skip', 'append', 'truncate', 'replace'],
      readRules: true,
      copy: true,
      keyedRows: false,
      ownFiles: null,
      erase: false,
      scratch: true,
      scripts: true,
      globalTypes: ['ROLE', 'TABLESPACE'],
    },
    defaultSchema: 'public',
    parseUrl: parsePostgresUrl,
    describe: (target) => describePostgresTarget(target as unknown as PostgresTarget),
    openSource: (target, context) => openPostgresSource(connector(target), context),
    openTarget: (target, context) => openPostgresTarget(connector(target), lockPatienceMs, context),
    endReaders: (target, context) => endReaders(connector(target), context),
    openScripts: (target, context) => openPostgresScripts(connector(target), lockPatienceMs, context),
    accounts: createAccounts(connect),
    scratch: createScratchDatabases(connect),
    schedule,
    remap: remapObjects,
    refuse: refuseObjects,
    classify: classifyPostgresError,
  };
}

export const postgresEngine: Engine = createPostgresEngine();

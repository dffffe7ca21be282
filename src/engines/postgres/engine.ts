import type { Engine, EngineTarget } from '../engine.ts';
import { classifyPostgresError } from './classify.ts';
import { type Connector, type ConnectorOptions, createConnector } from './connector.ts';
import { describePostgresTarget, type PostgresTarget, parsePostgresUrl } from './database-url.ts';
import { remapSchemas } from './ddl/remap.ts';
import { schedule } from './ddl/schedule.ts';
import { openPostgresSource } from './source/source-session.ts';
import { openPostgresTarget } from './target/target-session.ts';

/** The engine for PostgreSQL 13 to 18; tests shorten the times. */
export function createPostgresEngine(options: Partial<ConnectorOptions> = {}): Engine {
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
      schemaRemap: true,
    },
    defaultSchema: 'public',
    parseUrl: parsePostgresUrl,
    describe: (target) => describePostgresTarget(target as unknown as PostgresTarget),
    openSource: (target, context) => openPostgresSource(connector(target), context),
    openTarget: (target, context) => openPostgresTarget(connector(target), context),
    schedule,
    remap: remapSchemas,
    classify: classifyPostgresError,
  };
}

export const postgresEngine: Engine = createPostgresEngine();

import type { Engine } from '../engine.ts';
import { redisAccounts } from './account/accounts.ts';
import { classifyRedisError } from './classify.ts';
import { describeRedisTarget, parseRedisUrl, redisSchemes, redisTarget } from './database-url.ts';
import { examineRdbFile } from './examine-file.ts';
import { schemaOf } from './logical-database.ts';
import { createSharedLimits } from './source/shared-limits.ts';
import { openRedisSource } from './source/source-session.ts';
import { refuseFunctions, remapFunctions, scheduleFunctions } from './target/functions-as-objects.ts';
import { openRedisTarget } from './target/target-session.ts';

/** The engine for Redis from 6.2 and Valkey: servers, clusters, and what Sentinels watch over. */
export function createRedisEngine(): Engine {
  const limits = createSharedLimits();
  return {
    id: 'redis',
    title: 'Redis',
    schemes: redisSchemes,
    capabilities: {
      modes: ['full', 'schema', 'table'],
      encodings: ['rdb'],
      joinableSnapshot: true,
      localFiles: false,
      remaps: ['schemas', 'keyPrefixes'],
      tableExistsActions: ['skip', 'truncate', 'replace'],
      readRules: true,
      copy: false,
      keyedRows: true,
      ownFiles: { encoding: 'rdb', extension: 'rdb' },
      erase: true,
      scratch: false,
      scripts: false,
      globalTypes: [],
    },
    defaultSchema: schemaOf(0),
    parseUrl: parseRedisUrl,
    describe: (target) => describeRedisTarget(redisTarget(target)),
    openSource: (target, context) => openRedisSource(redisTarget(target), limits, context),
    openTarget: (target, context) => openRedisTarget(redisTarget(target), context),
    accounts: redisAccounts,
    schedule: scheduleFunctions,
    remap: async (objects, remaps) => remapFunctions(objects, remaps),
    refuse: async (objects) => refuseFunctions(objects),
    examineFile: examineRdbFile,
    classify: classifyRedisError,
  };
}

export const redisEngine: Engine = createRedisEngine();

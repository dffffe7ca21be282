import type { Engine } from '../engine.ts';
import { classifySqlite } from './classify.ts';
import { describeSqlite, parseSqliteUrl, sqliteTarget } from './database-url.ts';
import { mainSchema } from './names.ts';
import { refuseObjects } from './refuse.ts';
import { scheduleObjects } from './schedule.ts';
import { scratchDatabases } from './scratch.ts';
import { openSqliteScripts } from './scripts.ts';
import { openSqliteSource } from './source.ts';
import { openSqliteTarget } from './target.ts';

/** SQLite databases in files. */
export const sqliteEngine: Engine = {
  id: 'sqlite',
  title: 'SQLite',
  schemes: ['sqlite'],
  capabilities: {
    modes: ['full', 'schema', 'table'],
    encodings: ['text'],
    joinableSnapshot: true,
    localFiles: true,
    remaps: [],
    tableExistsActions: [],
    readRules: false,
    copy: false,
    keyedRows: false,
    ownFiles: null,
    erase: false,
    scratch: true,
    scripts: true,
    globalTypes: [],
  },
  defaultSchema: mainSchema,
  parseUrl: parseSqliteUrl,
  describe: (target) => describeSqlite(sqliteTarget(target)),
  openSource: (target, context) => openSqliteSource(sqliteTarget(target), context),
  openTarget: (target, context) => openSqliteTarget(sqliteTarget(target), context),
  openScripts: (target, context) => openSqliteScripts(sqliteTarget(target), context),
  scratch: scratchDatabases,
  schedule: scheduleObjects,
  refuse: async (objects) => refuseObjects(objects),
  classify: classifySqlite,
};

import Type from 'typebox';
import type { CallContext, DatabaseView } from '../../service/service.ts';
import { bdbSchema } from './bdb-schema.ts';
import { type Bdb, bdbView, liveKeys } from './bdb-view.ts';
import { runsOf } from './find-bdb.ts';
import type { LiveFactsBook } from './live-facts.ts';
import { bdbOf, callContext, type Operation, type OperationParts } from './operation.ts';
import { allSettings, type BdbSettings, readSettings } from './settings.ts';

export interface BdbParts extends OperationParts {
  readonly facts: LiveFactsBook;
}

/** How long the whole of an answer waits for databases. */
const patienceMs = 2000;
const tags = ['bdbs'];

export const bdbKey = Type.Object({ uid: Type.String({ description: 'The number of the database.' }) });

const bdbQuery = Type.Object({
  fields: Type.Optional(
    Type.String({
      description: 'Names of attributes with commas between them; unknown ones are ignored. Default: all.',
    }),
  ),
  extended: Type.Optional(Type.Boolean({ description: 'Taken, and changes nothing here.' })),
});

/** GET of databases. */
export function bdbOperations(parts: BdbParts): readonly Operation[] {
  const { service } = parts;
  return [
    {
      method: 'GET',
      path: '/v1/bdbs',
      operationId: 'listBdbs',
      summary: 'List databases',
      description: 'All that the caller may see: every registered database, of every engine.',
      tags,
      permission: 'view_all_bdbs_info',
      query: bdbQuery,
      responses: { 200: { description: 'The databases.', schema: Type.Array(bdbSchema) } },
      async handle(request) {
        const context = callContext(request);
        const [databases, settings] = await Promise.all([
          service.listDatabases(context),
          allSettings(service, context),
        ]);
        const show = shower(parts, context, request.query);
        const sorted = databases.toSorted((a, b) => a.uid - b.uid);
        const body: Bdb[] = [];
        // One after the other: a long list must open no storm of connections.
        for (const database of sorted) body.push(await show(database, settings.get(database.name) ?? {}));
        return { status: 200, body };
      },
    },
    {
      method: 'GET',
      path: '/v1/bdbs/:uid',
      operationId: 'getBdb',
      summary: 'Show a database',
      tags,
      permission: 'view_bdb_info',
      params: bdbKey,
      query: bdbQuery,
      responses: { 200: { description: 'The database.', schema: bdbSchema } },
      async handle(request) {
        const context = callContext(request);
        const database = await bdbOf(service, request);
        const settings = await readSettings(service, context, database.name);
        return { status: 200, body: await shower(parts, context, request.query)(database, settings) };
      },
    },
  ];
}

/** Makes the objects of one answer; a database that does not answer soon shows what it told last. */
export function shower(
  { service, facts }: BdbParts,
  context: CallContext,
  query: Readonly<Record<string, unknown>>,
): (database: DatabaseView, settings: BdbSettings) => Promise<Bdb> {
  const fields = fieldsOf(query.fields);
  const deadline = AbortSignal.timeout(patienceMs);
  return async (database, settings) => {
    const runs = await runsOf(service, context, database.name);
    const live =
      fields === null || liveKeys.some((key) => fields.includes(key))
        ? await facts.of(context, database, runs.running !== null, deadline)
        : null;
    const bdb = bdbView(database, settings, runs, live);
    return Object.fromEntries(
      Object.entries(bdb)
        .filter(([key]) => fields === null || fields.includes(key))
        .toSorted(([a], [b]) => (a < b ? -1 : 1)),
    );
  };
}

/** Null: all. A parameter that comes twice counts as one list. */
function fieldsOf(value: unknown): readonly string[] | null {
  const texts = Array.isArray(value) ? value : [value];
  const names = texts
    .filter((text) => typeof text === 'string')
    .flatMap((text) => text.split(','))
    .map((name) => name.trim())
    .filter((name) => name !== '');
  return names.length === 0 ? null : names;
}

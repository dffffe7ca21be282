import Type, { type Static } from 'typebox';
import type { Manifest } from '../../core/manifest.ts';
import { reductions } from '../../core/read-rules.ts';
import { jobModes, type LocationRequest } from '../../core/request.ts';
import type { DumpSetView, Service } from '../../service/service.ts';
import type { Route } from '../api.ts';
import { callContext } from './call-context.ts';
import { decodeLocation, type LocationFields, locationFields } from './location.ts';
import { Count, listOf, nullable, words } from './schema-parts.ts';

const Consistency = words(
  ['snapshot', 'table', 'none'],
  'What all rows share: snapshot, one instant; table, one instant for each table; none, not even that.',
);

const DumpSet = Type.Object(
  {
    file_pattern: Type.String({ description: 'What to give as file_pattern to import it.' }),
    form: words(['folder', 'pattern', 'file'], 'How its files are named.'),
    job: Type.String({ description: 'Name of the job that wrote it.' }),
    engine: Type.String({ description: 'Engine of the source.' }),
    database: Type.String({ description: 'Name of the source.' }),
    created_at: Type.String({ format: 'date-time', description: 'When its export began. ISO 8601, UTC.' }),
    tables: Count('Tables.'),
    rows: Count('Rows.'),
    bytes: Count('Stored bytes of all its files.'),
    consistency: Consistency,
    encrypted: Type.Boolean({ description: 'Whether an import needs its encryption_key.' }),
    error_count: Count('Tables whose data is not whole.'),
    reduced_tables: Count('Tables whose rows were filtered or sampled, or columns masked or left out.'),
  },
  { $id: 'DumpSet', description: 'A complete dump set.' },
);

const DumpSetContents = Type.Object(
  {
    version: Type.Integer({ description: 'Version of the format.' }),
    job: Type.Object({ id: Type.String(), name: Type.String() }),
    created_at: Type.String({ format: 'date-time', description: 'When its export began.' }),
    completed_at: Type.String({ format: 'date-time', description: 'When its manifest was written.' }),
    source: Type.Object({
      engine: Type.String(),
      server_version: Type.String(),
      database: Type.String(),
    }),
    mode: words(jobModes, 'What was exported.'),
    encoding: Type.String({ description: 'How rows were written: a word of the engine.' }),
    compression: Type.String(),
    encrypted: Type.Boolean({
      description: 'Whether rows and schema texts are encrypted: an import needs its encryption_key.',
    }),
    consistency: Type.Object({
      kind: Consistency,
      note: Type.String(),
    }),
    rows: Count('Rows of all tables.'),
    raw_bytes: Count('Uncompressed bytes of all tables.'),
    bytes: Count('Stored bytes of all files.'),
    tables: Type.Array(
      Type.Object({
        schema: Type.String(),
        name: Type.String(),
        rows: Count('Rows.'),
        raw_bytes: Count('Uncompressed bytes.'),
        status: words(['complete', 'failed'], 'failed: its data is not whole, and is left out.'),
        error: nullable(Type.String({ description: 'Why its data is not whole.' })),
        reduced: Type.Array(words(reductions, 'Rows filtered or sampled, values masked, columns left out.'), {
          description: 'In which ways it holds less than its source; empty: every row and value as it was.',
        }),
      }),
    ),
    objects: Type.Array(
      Type.Object({
        type: Type.String({ description: 'TABLE, INDEX, CONSTRAINT, VIEW ...' }),
        count: Count('How many.'),
      }),
      { description: 'Objects of the schema by type.' },
    ),
    files: Type.Array(Type.Object({ name: Type.String(), bytes: Count('Stored bytes.') })),
  },
  { $id: 'DumpSetContents', description: 'What a dump set holds, by its manifest.' },
);

const ListQuery = Type.Object(locationFields, { additionalProperties: false });
const ShowQuery = Type.Object(
  {
    ...locationFields,
    file_pattern: Type.Optional(
      Type.String({ description: 'As the list tells it; left out when the location itself is the folder.' }),
    ),
  },
  { additionalProperties: false },
);

const placeOf = (query: LocationFields): LocationRequest =>
  decodeLocation(query) ?? { type: 'directory', directory: 'DATA_PUMP_DIR' };

const dumpSetView = (set: DumpSetView): Static<typeof DumpSet> => ({
  file_pattern: set.filePattern,
  form: set.form,
  job: set.job,
  engine: set.engine,
  database: set.database,
  created_at: set.createdAt,
  tables: set.tables,
  rows: set.rows,
  bytes: set.bytes,
  consistency: set.consistency,
  encrypted: set.isEncrypted,
  error_count: set.errors,
  reduced_tables: set.reducedTables,
});

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

function contentsView(manifest: Manifest): Static<typeof DumpSetContents> {
  const counts = new Map<string, number>();
  for (const { type } of manifest.objects) counts.set(type, (counts.get(type) ?? 0) + 1);
  return {
    version: manifest.version,
    job: { id: manifest.job.id, name: manifest.job.name },
    created_at: manifest.createdAt,
    completed_at: manifest.completedAt,
    source: {
      engine: manifest.source.engine,
      server_version: manifest.source.serverVersion,
      database: manifest.source.database,
    },
    mode: manifest.mode,
    encoding: manifest.encoding,
    compression: manifest.compression,
    encrypted: manifest.encryption !== undefined,
    consistency: { kind: manifest.consistency.kind, note: manifest.consistency.note },
    rows: sum(manifest.tables.map((table) => table.rows)),
    raw_bytes: sum(manifest.tables.map((table) => table.rawBytes)),
    bytes: sum(manifest.files.map((file) => file.bytes)),
    tables: manifest.tables.map((table) => ({
      schema: table.schema,
      name: table.name,
      rows: table.rows,
      raw_bytes: table.rawBytes,
      status: table.status,
      error: table.error,
      reduced: [...(table.reduced ?? [])],
    })),
    objects: [...counts].map(([type, count]) => ({ type, count })),
    files: manifest.files.map(({ name, bytes }) => ({ name, bytes })),
  };
}

/** Dump sets at a place; a job of kind verify checks one. */
export function dumpSetRoutes(service: Service): readonly Route[] {
  const tags = ['dump sets'];
  return [
    {
      method: 'GET',
      path: '/dump-sets',
      operationId: 'listDumpSets',
      summary: 'List the complete dump sets at a place',
      tags,
      access: 'authenticated',
      query: ListQuery,
      responses: { 200: { description: 'The dump sets.', schema: listOf(DumpSet, 'By name.') } },
      async handle(request) {
        const sets = await service.listDumpSets(callContext(request), placeOf(request.query));
        return { status: 200, body: { items: sets.map(dumpSetView) } };
      },
    },
    {
      method: 'GET',
      path: '/dump-sets/show',
      operationId: 'showDumpSet',
      summary: 'Show what a dump set holds',
      tags,
      access: 'authenticated',
      query: ShowQuery,
      responses: { 200: { description: 'What it holds.', schema: DumpSetContents } },
      async handle(request) {
        const query = request.query as Static<typeof ShowQuery>;
        const manifest = await service.showDumpSet(
          callContext(request),
          placeOf(query),
          query.file_pattern ?? null,
        );
        return { status: 200, body: contentsView(manifest) };
      },
    },
  ];
}

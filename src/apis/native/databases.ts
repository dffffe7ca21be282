import Type, { type Static } from 'typebox';
import type { Catalogue } from '../../core/catalogue.ts';
import type { DatabaseTest, DatabaseView, Service } from '../../service/service.ts';
import type { Route } from '../api.ts';
import { callContext } from './call-context.ts';
import { decodeLocation, locationFields } from './location.ts';
import { listOf, NameParams, nullable, Timestamp, timestamp, words } from './schema-parts.ts';

const Database = Type.Object(
  {
    name: Type.String({ description: 'Name that jobs refer to.' }),
    uid: Type.Integer({ description: 'Number of the database, never used again.' }),
    engine: Type.String({ description: 'Engine that reads and writes it: postgres, sqlite.' }),
    url: Type.String({ description: 'Where it is, without secrets.' }),
    shared: Type.Boolean({
      description: 'A file that every instance of a shared store sees under this path.',
    }),
    created_at: Timestamp('When it was registered.'),
  },
  { $id: 'Database', description: 'A registered database.' },
);

const NewDatabase = Type.Object(
  {
    name: Type.String({ description: 'Name to refer to it by: 1 to 63 letters, digits, _ or -.' }),
    url: Type.String({ description: 'postgres://user@host:port/database or sqlite:/path/to/file.' }),
    password: Type.Optional(
      Type.String({
        description: 'Password of the database user, where it is not in the URL; sealed at rest.',
      }),
    ),
    shared: Type.Optional(
      Type.Boolean({
        description:
          'Of a database in a file: every instance mounts its folder under this path. Where several instances share a store, jobs use no others.',
      }),
    ),
  },
  { $id: 'NewDatabase', additionalProperties: false },
);

const TestRequest = Type.Object(
  {
    purpose: words(['export', 'import'], 'What the database is to be tested for.'),
    directory: Type.Optional(
      Type.String({
        description: 'Directory of the dump files, to be looked at too: whether it takes them and has room.',
        examples: ['DATA_PUMP_DIR'],
      }),
    ),
    location: Type.Optional(
      Type.String({
        description: 'Storage URL of the dump files (`s3://bucket/prefix`), instead of a directory.',
      }),
    ),
    credential: locationFields.credential,
  },
  { $id: 'TestRequest', additionalProperties: false },
);

const TestResult = Type.Object(
  {
    engine: Type.String({ description: 'Engine of the database.' }),
    server_version: Type.String({ description: 'Version as the server spells it.' }),
    findings: Type.Array(
      Type.Object({
        level: words(['green', 'amber', 'red'], 'Red findings stop a job.'),
        check: Type.String({ description: 'Stable word of what was looked at.' }),
        message: Type.String({ description: 'What was found.' }),
        remedy: Type.String({ description: 'What to do about it; empty when nothing is to be done.' }),
      }),
      { description: 'What the preflight found.' },
    ),
  },
  { $id: 'DatabaseTest', description: 'A database that could be reached.' },
);

const CatalogueSchema = Type.Object(
  {
    schemas: Type.Array(Type.String(), { description: 'Names of the schemas.' }),
    tablespaces: Type.Array(Type.String(), { description: 'Names of the tablespaces.' }),
    tables: Type.Array(
      Type.Object({
        schema: Type.String(),
        name: Type.String(),
        tablespace: nullable(Type.String()),
        columns: Type.Array(
          Type.Object({
            name: Type.String(),
            type: Type.String({ description: 'The type as the database spells it.' }),
          }),
          { description: 'The columns whose values travel, in order.' },
        ),
        estimated_rows: Type.Number({
          description: 'Rows, as the statistics of the database estimate them.',
        }),
        estimated_bytes: Type.Number({ description: 'Size in bytes, as estimated.' }),
      }),
      { description: 'The tables whose rows can be exported.' },
    ),
  },
  { $id: 'Catalogue', description: 'What a database holds now.' },
);

const databaseView = (database: DatabaseView): Static<typeof Database> => ({
  name: database.name,
  uid: database.uid,
  engine: database.engine,
  url: database.url,
  shared: database.shared,
  created_at: timestamp(database.createdAt),
});

const testView = (test: DatabaseTest): Static<typeof TestResult> => ({
  engine: test.engine,
  server_version: test.serverVersion,
  findings: test.findings.map(({ level, check, message, remedy }) => ({ level, check, message, remedy })),
});

const catalogueView = (catalogue: Catalogue): Static<typeof CatalogueSchema> => ({
  schemas: [...catalogue.schemas],
  tablespaces: [...catalogue.tablespaces],
  tables: catalogue.tables.map((table) => ({
    schema: table.schema,
    name: table.name,
    tablespace: table.tablespace,
    columns: table.columns.map(({ name, type }) => ({ name, type })),
    estimated_rows: table.estimate.rows,
    estimated_bytes: table.estimate.bytes,
  })),
});

/** Registered databases. */
export function databaseRoutes(service: Service, prefix: string): readonly Route[] {
  const tags = ['databases'];
  return [
    {
      method: 'GET',
      path: '/databases',
      operationId: 'listDatabases',
      summary: 'List the databases that the caller may use',
      tags,
      access: 'authenticated',
      responses: { 200: { description: 'The databases.', schema: listOf(Database, 'By name.') } },
      handle: async (request) => ({
        status: 200,
        body: { items: (await service.listDatabases(callContext(request))).map(databaseView) },
      }),
    },
    {
      method: 'POST',
      path: '/databases',
      operationId: 'addDatabase',
      summary: 'Register a database',
      tags,
      access: 'authenticated',
      body: NewDatabase,
      responses: { 201: { description: 'Registered.', schema: Database } },
      async handle(request) {
        const database = await service.addDatabase(
          callContext(request),
          request.body as Static<typeof NewDatabase>,
        );
        return {
          status: 201,
          headers: {
            location: `${request.basePath}${prefix}/databases/${encodeURIComponent(database.name)}`,
          },
          body: databaseView(database),
        };
      },
    },
    {
      method: 'GET',
      path: '/databases/:name',
      operationId: 'getDatabase',
      summary: 'Show a database',
      tags,
      access: 'authenticated',
      params: NameParams,
      responses: { 200: { description: 'The database.', schema: Database } },
      handle: async (request) => ({
        status: 200,
        body: databaseView(await service.getDatabase(callContext(request), request.params.name as string)),
      }),
    },
    {
      method: 'DELETE',
      path: '/databases/:name',
      operationId: 'removeDatabase',
      summary: 'Forget a database; its data stays',
      tags,
      access: 'authenticated',
      params: NameParams,
      responses: { 204: { description: 'Forgotten.', schema: null } },
      async handle(request) {
        await service.removeDatabase(callContext(request), request.params.name as string);
        return { status: 204 };
      },
    },
    {
      method: 'POST',
      path: '/databases/:name/test',
      operationId: 'testDatabase',
      summary: 'Connect to a database and run the preflight',
      tags,
      access: 'authenticated',
      params: NameParams,
      body: TestRequest,
      responses: { 200: { description: 'It can be reached.', schema: TestResult } },
      async handle(request) {
        const { purpose, ...place } = request.body as Static<typeof TestRequest>;
        const location = decodeLocation(place);
        const tested = await service.testDatabase(callContext(request), request.params.name as string, {
          purpose,
          ...(location === undefined ? {} : { location }),
        });
        return { status: 200, body: testView(tested) };
      },
    },
    {
      method: 'GET',
      path: '/databases/:name/catalogue',
      operationId: 'inspectDatabase',
      summary: 'List the schemas, tablespaces and tables of a database, live',
      tags,
      access: 'authenticated',
      params: NameParams,
      responses: { 200: { description: 'What it holds.', schema: CatalogueSchema } },
      handle: async (request) => ({
        status: 200,
        body: catalogueView(
          await service.inspectDatabase(callContext(request), request.params.name as string),
        ),
      }),
    },
  ];
}

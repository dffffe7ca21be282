import { Type } from 'typebox';
import { exportExtensions, importExtensions, startExtensions } from './extension-schemas.ts';

const Nullable = <T extends ReturnType<typeof Type.String> | ReturnType<typeof Type.Integer>>(schema: T) =>
  Type.Union([schema, Type.Null()]);

const words = (...choices: readonly string[]) => choices.map((choice) => Type.Literal(choice));

const expressions = (about: string, example: string) =>
  Type.Optional(
    Type.Array(
      Type.Object({
        expression: Type.String({
          description:
            'Tail of a predicate on the name: = != <> < <= > >= LIKE IN BETWEEN, NOT before the last three.',
          examples: [example],
        }),
      }),
      { description: about },
    ),
  );

const modes = Type.Union(words('FULL', 'SCHEMA', 'TABLE', 'TABLESPACE'), {
  description: 'What the job is made of. Default SCHEMA.',
});

const selection = {
  job_mode: Type.Optional(modes),
  name_expressions: expressions('Filters object names; all of them hold.', "LIKE 'EMP%'"),
  schema_expressions: expressions(
    'Filters schemas; all of them hold. TABLE mode takes one that names one schema.',
    "IN ('SCOTT')",
  ),
  tablespace_expressions: expressions('Filters tablespaces; TABLESPACE mode needs one.', "= 'USERS'"),
};

const place = {
  credential_name: Type.Optional(
    Type.String({
      description:
        "Credential of the caller's own for a storage. file_name is then a URI that ends in the name of the dump file.",
      examples: ['DATAPUMP_CRED_NAME'],
    }),
  ),
  datapump_dir: Type.Optional(
    Type.String({
      description: 'Directory of the dump files, where there is no credential. Default DATA_PUMP_DIR.',
    }),
  ),
};

const running = {
  keep_master: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 1,
      description: '0: the job leaves the list when it has succeeded. Default 1.',
    }),
  ),
  threads: Type.Optional(
    Type.Integer({
      minimum: 1,
      description: 'Most workers for the job; lowered to what the service allows. Default 1.',
    }),
  ),
};

const exportFile = Type.String({
  description:
    'Bare name of the dump file, or with credential_name a URI; %U numbers several. Default EXPDAT%U-YYYY-MM-DD-HH24_MI_SS.DMP.',
  examples: ['TIDE%U.DMP', 's3://bucket/prefix/TIDE%U.DMP'],
});
const importFile = Type.String({
  description: 'The file_name of the export, %U included.',
  examples: ['TIDE%U.DMP'],
});
const filter = Type.Optional(
  Type.String({
    description: 'Comma list of names, or an IN (...) tail, on the kind of object that the mode is made of.',
  }),
);
const remaps = Type.Optional(
  Type.Array(Type.Object({ source: Type.String(), target: Type.String() }), {
    description: 'Schemas that get another name on the way; one target for each source.',
  }),
);

export const exportRequest = Type.Object(
  { ...place, file_name: Type.Optional(exportFile), filter, ...selection, ...running, ...exportExtensions },
  { $id: 'DataPumpExport' },
);
export const importRequest = Type.Object(
  { ...place, file_name: importFile, remap_schemas: remaps, ...selection, ...running, ...importExtensions },
  { $id: 'DataPumpImport' },
);
export const startRequest = Type.Object(
  {
    operation: Type.Union(words('EXPORT', 'IMPORT')),
    ...place,
    file_name: Type.Optional(
      Type.String({ description: 'As of export and import; required for IMPORT.', examples: ['TIDE%U.DMP'] }),
    ),
    filter,
    remap_schemas: remaps,
    ...selection,
    ...running,
    ...startExtensions,
  },
  { $id: 'DataPumpJob' },
);

const link = Type.Object(
  { rel: Type.String(), href: Type.String(), mediaType: Type.Optional(Type.String()) },
  { $id: 'Link' },
);
const links = Type.Array(link);
const state = Type.Union(words('EXECUTING', 'COMPLETING', 'COMPLETED', 'STOPPING', 'STOPPED', 'NOT RUNNING'));
const time = Type.String({ format: 'date-time' });

export const jobItemSchema = Type.Object(
  {
    job_name: Type.String(),
    owner_name: Type.String({ description: 'The user that started the job, in capitals.' }),
    operation: Type.Union(words('EXPORT', 'IMPORT')),
    job_mode: Type.String(),
    state,
    degree: Type.Integer({ description: 'Worker processes.' }),
    attached_sessions: Type.Integer(),
    datapump_sessions: Type.Integer({
      description: 'The control process and the workers, while the job is active.',
    }),
    job_state: state,
    links,
    percent_done: Type.Number({ description: 'Extension. 0 to 100; 100 only when complete.' }),
    bytes_done: Type.Integer({ description: 'Extension.' }),
    bytes_total: Type.Integer({ description: 'Extension. An estimate until the job is complete.' }),
    rows_done: Type.Integer({ description: 'Extension.' }),
    rows_total: Type.Integer({ description: 'Extension. An estimate until the job is complete.' }),
    error_count: Type.Integer({ description: 'Extension. What failed while the job went on.' }),
    restart_count: Type.Integer({
      description: 'Extension. How often the data was started again under a new snapshot.',
    }),
    created_time: time,
    start_time: Nullable(time),
    end_time: Nullable(time),
    failure_code: Nullable(Type.String({ description: 'Extension. Why the job failed, as a code.' })),
    failure_message: Nullable(Type.String({ description: 'Extension. Why the job failed, as a sentence.' })),
  },
  { $id: 'DataPumpJobsItem' },
);

const page = {
  hasMore: Type.Boolean(),
  limit: Type.Integer({ description: 'The page size applied.' }),
  offset: Type.Integer(),
  count: Type.Integer({ description: 'Items on this page.' }),
  links,
};

export const jobPageSchema = Type.Object(
  { items: Type.Array(jobItemSchema), ...page },
  { $id: 'DataPumpJobs' },
);

export const tablePageSchema = Type.Object(
  {
    items: Type.Array(
      Type.Object(
        {
          owner: Type.String({ description: 'The schema.' }),
          table_name: Type.String(),
          tablespace_name: Nullable(Type.String()),
          num_rows: Type.Integer({ description: 'An estimate.' }),
          num_bytes: Type.Integer({ description: 'Extension. An estimate.' }),
          column_count: Type.Integer({ description: 'Extension. Columns whose values an export takes.' }),
        },
        { $id: 'Table' },
      ),
    ),
    ...page,
  },
  { $id: 'Tables' },
);

export const catalogueSchema = Type.Object(
  { items: Type.Array(Type.Object({ name: Type.String(), links })), links },
  { $id: 'MetadataCatalog' },
);

export const pageQuery = Type.Object({
  limit: Type.Optional(
    Type.Integer({ minimum: 1, description: 'Items on a page. Default 25; more than 10000 is lowered.' }),
  ),
  offset: Type.Optional(Type.Integer({ minimum: 0, description: 'Items to leave out. Default 0.' })),
  q: Type.Optional(
    Type.String({
      description: 'Filter object as JSON: members on columns, $and, $or and $orderby.',
      examples: ['{"operation":"EXPORT","$orderby":{"job_name":"DESC"}}'],
    }),
  ),
});

export const jobKey = Type.Object({
  job: Type.String({
    description: '{owner_name},{job_name}',
    examples: ['HARBOR,DATAPUMP_REST_EXPORT_20260214093007'],
  }),
});
export const jobFileKey = Type.Object({
  ...jobKey.properties,
  file: Type.String({ description: 'Name of the log or of a dump file.' }),
});

/** The body of every error, see problem.ts. */
export const problemSchema = Type.Object(
  {
    code: Type.String({ examples: ['BadRequest'] }),
    title: Type.String(),
    message: Type.String(),
    action: Type.String({ description: 'The remedy.' }),
    'o:errorCode': Type.String({ description: 'Code of the error catalogue.' }),
    type: Type.String({ examples: ['tag:oracle.com,2020:error/BadRequest'] }),
    instance: Type.String({ description: 'tag:oracle.com,2020:ecid/ and the id of the request.' }),
  },
  { $id: 'Problem' },
);

import Type, { type Static } from 'typebox';
import { AppError } from '../../core/errors.ts';
import type { Job } from '../../core/job.ts';
import { encodings, jobModes } from '../../core/request.ts';
import type { Service, StartOptions } from '../../service/service.ts';
import type { ApiRequest } from '../api.ts';
import { callContext } from './call-context.ts';
import { decodeLocation } from './location.ts';
import { nullable, words } from './schema-parts.ts';

/** Id of this API in jobs and logs. */
export const apiId = 'native';

const expressions = (what: string) =>
  Type.Optional(
    Type.Array(Type.String(), {
      description: `Tails of SQL predicates on ${what} (\`LIKE 'EMP%'\`, \`IN ('A', 'B')\`); all have to hold.`,
    }),
  );

const Target = { database: Type.String({ description: 'Name of the registered database.' }) };
const Selection = {
  mode: Type.Optional(
    words(
      jobModes,
      "What the job is about. Exports: schema with the caller's own schema by default; imports: all that the set holds.",
    ),
  ),
  name_expressions: expressions('the names of objects; in mode table, of tables'),
  schema_expressions: expressions('the names of schemas'),
  tablespace_expressions: expressions('the names of tablespaces'),
};
const Place = {
  directory: Type.Optional(
    Type.String({ description: 'Named directory of the dump files; DATA_PUMP_DIR by default.' }),
  ),
  location: Type.Optional(
    Type.String({
      description: 'Storage URL of the dump files (`file:///backups`), instead of a directory.',
    }),
  ),
};
const filePattern = (description: string) => Type.Optional(nullable(Type.String({ description })));
const Threads = {
  threads: Type.Optional(
    Type.Integer({
      minimum: 1,
      description: 'The most tasks to run at once; 1 by default, lowered to what the service allows.',
    }),
  ),
};

const NewExport = Type.Object(
  {
    kind: Type.Literal('export'),
    ...Target,
    ...Selection,
    ...Place,
    file_pattern: filePattern(
      'Names of the dump files: `EXPDAT%U.DMP` for numbered ones, `one.dmp` for a single one; null for a folder named like the job.',
    ),
    encoding: Type.Optional(words(encodings, 'How rows are written; text by default.')),
    ...Threads,
  },
  { $id: 'NewExport', additionalProperties: false },
);

const NewImport = Type.Object(
  {
    kind: Type.Literal('import'),
    ...Target,
    ...Selection,
    ...Place,
    file_pattern: filePattern(
      'As given to the export, or the name of the folder; null when the location itself is the folder.',
    ),
    remap_schemas: Type.Optional(
      Type.Array(
        Type.Object(
          {
            source: Type.String({ description: 'Schema in the dump set.' }),
            target: Type.String({ description: 'Schema to import it into.' }),
          },
          { additionalProperties: false },
        ),
        { description: 'Schemas to rename on the way in; one target per source.' },
      ),
    ),
    ...Threads,
  },
  { $id: 'NewImport', additionalProperties: false },
);

const NewVerify = Type.Object(
  {
    kind: Type.Literal('verify'),
    ...Place,
    file_pattern: filePattern(
      'As given to the export, or the name of the folder; null when the location itself is the folder.',
    ),
    ...Threads,
  },
  { $id: 'NewVerify', additionalProperties: false },
);

/** The body of a request for a job; `kind` tells which. */
export const NewJob = Type.Union([NewExport, NewImport, NewVerify], {
  description: 'A job to start; `kind` tells which.',
});
type NewJob = Static<typeof NewJob>;

/** Starts the job that the body asks for. `created` false: the Idempotency-Key was known, and this is its job. */
export function startJob(
  service: Service,
  request: ApiRequest,
): Promise<{ readonly job: Job; readonly created: boolean }> {
  const context = callContext(request);
  const options = startOptions(request);
  const body = request.body as NewJob;
  const common = {
    location: decodeLocation(body),
    filePattern: body.file_pattern,
    threads: body.threads,
  };
  switch (body.kind) {
    case 'verify':
      return service.startVerify(context, defined(common), options);
    case 'export':
      return service.startExport(
        context,
        defined({ database: body.database, ...selection(body), ...common, encoding: body.encoding }),
        options,
      );
    case 'import':
      return service.startImport(
        context,
        defined({ database: body.database, ...selection(body), ...common, remapSchemas: body.remap_schemas }),
        options,
      );
    default:
      return body satisfies never;
  }
}

const selection = (body: Extract<NewJob, { kind: 'export' | 'import' }>) => ({
  mode: body.mode,
  nameExpressions: body.name_expressions,
  schemaExpressions: body.schema_expressions,
  tablespaceExpressions: body.tablespace_expressions,
});

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** Without the members that were not given: for the service, absent means the default. */
const defined = <T extends object>(input: T): Defined<T> =>
  Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined)) as Defined<T>;

function startOptions(request: ApiRequest): StartOptions {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return { api: apiId };
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw new AppError('field-invalid', {
      message: 'The header Idempotency-Key has to be 1 to 255 printable ASCII characters without spaces.',
      field: 'Idempotency-Key',
      hint: 'Use a random UUID for each new request.',
    });
  }
  return { api: apiId, idempotencyKey: key };
}

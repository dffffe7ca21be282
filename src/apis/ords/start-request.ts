import { AppError, toAppError, withField } from '../../core/errors.ts';
import { type JobMode, jobModes, type Remap } from '../../core/request.ts';
import type { StartExport, StartImport } from '../../service/start-input.ts';
import type { Address } from './address.ts';
import { filterExpression } from './filter-text.ts';
import type { OrdsJobData } from './job-item.ts';
import { type Body, invalid, objects, refuseMember, required, spell, text } from './members.ts';
import { splitObjectUri } from './object-uri.ts';
import { exportOptions, extensionMembers, importOptions } from './start-options.ts';

export type Operation = 'EXPORT' | 'IMPORT';

/** A start request in the service's words. */
export type StartCommand =
  | { readonly operation: 'EXPORT'; readonly input: StartExport; readonly apiData: StartData }
  | { readonly operation: 'IMPORT'; readonly input: StartImport; readonly apiData: StartData };

/** What is kept with the job. */
export interface StartData extends OrdsJobData {
  /** Names of request members that meant nothing to us. Their values are not kept: they may be secrets. */
  readonly ignoredMembers: readonly string[];
}

const knownMembers: readonly string[] = [
  'operation',
  'credential_name',
  'datapump_dir',
  'file_name',
  'filter',
  'job_mode',
  'keep_master',
  'name_expressions',
  'schema_expressions',
  'tablespace_expressions',
  'remap_schemas',
  'threads',
  ...extensionMembers,
];

/**
 * Reads the body of `export`, `import` (`operation` given) or the older `jobs/` (`operation` null, taken from the body). Unknown members are
 * ignored, null ones are absent. Throws `request-malformed`, `field-invalid` or `mode-invalid` naming the member.
 */
export function decodeStart(
  operation: Operation | null,
  body: unknown,
  address: Pick<Address, 'database' | 'alias'>,
): StartCommand {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new AppError('request-malformed', {
      message: `The request body must be a JSON object, not ${body === undefined ? 'empty' : spell(body)}.`,
      hint: 'Send the job as JSON, such as {"job_mode": "SCHEMA"}; {} takes all defaults.',
    });
  }
  const request = body as Body;
  const asked = operation ?? operationOf(request);
  const mode = modeOf(request);
  const common = {
    database: address.database,
    ...(mode === undefined ? {} : { mode }),
    ...expressionsOf(request, asked, mode),
    ...placeOf(request, asked),
    ...threadsOf(request),
  };
  const apiData: StartData = {
    jobMode: mode?.toUpperCase() ?? null,
    keepMaster: keepMasterOf(request),
    ignoredMembers: Object.keys(request)
      .filter((name) => !knownMembers.includes(name))
      .slice(0, 50)
      .map((name) => name.slice(0, 100)),
  };
  if (asked === 'EXPORT') {
    refuseMember(request, 'remap_schemas', 'an export');
    const own = address.alias === null ? {} : { ownSchemaOf: address.alias };
    return { operation: 'EXPORT', input: { ...common, ...own, ...exportOptions(request) }, apiData };
  }
  const input = {
    ...common,
    ...ownFilesOf(request),
    remapSchemas: remapsOf(request),
    ...importOptions(request),
  };
  return { operation: 'IMPORT', input, apiData };
}

function operationOf(request: Body): Operation {
  const word = text(request, 'operation')?.toUpperCase();
  if (word === 'EXPORT' || word === 'IMPORT') return word;
  throw invalid(
    'operation',
    word === undefined ? 'operation is missing.' : `operation must be EXPORT or IMPORT, not ${spell(word)}.`,
    'Say "operation": "EXPORT" or "operation": "IMPORT".',
  );
}

function modeOf(request: Body): JobMode | undefined {
  const word = text(request, 'job_mode');
  if (word === undefined) return undefined;
  const mode = jobModes.find((each) => each === word.toLowerCase());
  if (mode !== undefined) return mode;
  throw new AppError('mode-invalid', {
    message: `job_mode must be FULL, SCHEMA, TABLE or TABLESPACE, not ${spell(word)}.`,
    hint: 'Correct job_mode, or leave it out for SCHEMA.',
    field: 'job_mode',
  });
}

function keepMasterOf(request: Body): number {
  const value = request.keep_master ?? 1;
  if (value === 0 || value === 1) return value;
  throw invalid('keep_master', `keep_master must be 0 or 1, not ${spell(value)}.`);
}

function threadsOf(request: Body): { readonly threads?: number } {
  const value = request.threads ?? undefined;
  if (value === undefined) return {};
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1) return { threads: value };
  throw invalid(
    'threads',
    `threads must be a whole number of 1 or more, not ${spell(value)}.`,
    'Leave threads out for 1; more than the service allows is lowered, and shown as degree.',
  );
}

function expressionsOf(
  request: Body,
  operation: Operation,
  mode: JobMode | undefined,
): Pick<StartExport, 'nameExpressions' | 'schemaExpressions' | 'tablespaceExpressions'> {
  const names = expressionList(request, 'name_expressions');
  const schemas = expressionList(request, 'schema_expressions');
  const tablespaces = expressionList(request, 'tablespace_expressions');
  if (operation === 'IMPORT') refuseMember(request, 'filter', 'an import');
  const filter = text(request, 'filter');
  if (filter !== undefined) {
    const expression = filterExpression(filter);
    // A filter is about the kind of object that the mode is made of.
    if (mode === 'full') {
      throw invalid(
        'filter',
        'filter has no meaning in job_mode FULL.',
        'Leave filter out, or choose another job_mode.',
      );
    }
    if (mode === 'table') names.push(expression);
    else if (mode === 'tablespace') tablespaces.push(expression);
    else schemas.push(expression);
  }
  return {
    ...(names.length === 0 ? {} : { nameExpressions: names }),
    ...(schemas.length === 0 ? {} : { schemaExpressions: schemas }),
    ...(tablespaces.length === 0 ? {} : { tablespaceExpressions: tablespaces }),
  };
}

function placeOf(request: Body, operation: Operation): Pick<StartExport, 'location' | 'filePattern'> {
  const fileName = text(request, 'file_name');
  const credential = text(request, 'credential_name');
  const directory = text(request, 'datapump_dir');
  // A credential switches to object storage: the directory has no part in it.
  if (credential !== undefined) return objectPlace(fileName, credential);
  if (operation === 'IMPORT' && fileName === undefined && (request.own_files ?? null) === null) {
    throw invalid(
      'file_name',
      'file_name is missing: an import needs the dump file to read.',
      'Give the file_name of the export, %U included.',
    );
  }
  if (fileName !== undefined) checkBareName(fileName);
  return {
    ...(directory === undefined ? {} : { location: { type: 'directory', directory } }),
    ...(fileName === undefined ? {} : { filePattern: fileName }),
  };
}

/** Files of the own format of the database, each with the members that say where a dump file is. */
function ownFilesOf(request: Body): Pick<StartImport, 'ownFiles'> {
  if ((request.own_files ?? null) === null) return {};
  const ownFiles = objects(request, 'own_files').map((entry, index) => {
    const where = `own_files[${index}]`;
    required(entry, where, 'file_name');
    try {
      const { location, filePattern } = placeOf(entry, 'IMPORT');
      return { ...(location === undefined ? {} : { location }), file: filePattern ?? '' };
    } catch (error) {
      throw withField(error, `${where}.${toAppError(error).field ?? 'file_name'}`);
    }
  });
  return { ownFiles };
}

/** The place that a URI means; whether the credential is there and the caller's own is asked afterwards. */
function objectPlace(
  fileName: string | undefined,
  credential: string,
): Pick<StartExport, 'location' | 'filePattern'> {
  if (fileName === undefined) {
    throw invalid(
      'file_name',
      'file_name is missing: with credential_name it is required.',
      'Give the URI of the object storage as file_name.',
    );
  }
  const place = splitObjectUri(fileName);
  if (place === null) {
    // What stands there may hold a secret: a URI of another form is not repeated.
    const shown = fileName.includes('://') ? '' : `, not ${spell(fileName)}`;
    throw invalid(
      'file_name',
      `file_name must be a URI that ends in the name of the dump file when credential_name is given${shown}.`,
      'Give a URI such as s3://bucket/prefix/EXPDAT%U.DMP, or leave credential_name out.',
    );
  }
  return { location: { type: 'url', url: place.location, credential }, filePattern: place.filePattern };
}

function checkBareName(fileName: string): void {
  const fault = fileName === '' ? 'is empty' : /[/\\]/.test(fileName) ? 'holds a slash' : undefined;
  const reason = fault ?? (fileName.includes('..') ? 'holds ..' : undefined);
  if (reason === undefined) return;
  throw new AppError('file-name-invalid', {
    message: `file_name ${reason}: ${spell(fileName)}. Without a credential it is a bare name within datapump_dir.`,
    hint: 'Give a bare name such as EXPDAT%U.DMP, and the directory as datapump_dir.',
    field: 'file_name',
  });
}

function remapsOf(request: Body): readonly Remap[] {
  const remaps = objects(request, 'remap_schemas').map((entry, index) => ({
    source: required(entry, `remap_schemas[${index}]`, 'source'),
    target: required(entry, `remap_schemas[${index}]`, 'target'),
  }));
  const repeated = remaps.find(
    ({ source }, index) => remaps.findIndex((other) => other.source === source) !== index,
  );
  if (repeated === undefined) return remaps;
  throw invalid(
    'remap_schemas',
    `remap_schemas gives ${spell(repeated.source)} more than one target.`,
    'Give each source once; several sources may share a target.',
  );
}

const expressionList = (request: Body, name: string): string[] =>
  objects(request, name).map((entry, index) => required(entry, `${name}[${index}]`, 'expression'));

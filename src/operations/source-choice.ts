import { randomBytes } from 'node:crypto';
import type { DdlObject } from '../core/catalogue.ts';
import { AppError } from '../core/errors.ts';
import type { Job } from '../core/job.ts';
import { objectsOfContent } from '../core/object-content.ts';
import { compileObjectFilters } from '../core/object-filter.ts';
import type { ReadOptions } from '../core/request.ts';
import {
  type ChosenTables,
  chooseObjects,
  chooseTables,
  compileSelection,
  ownSchemaOf,
  refuseEmpty,
  withAncestors,
} from '../core/selection.ts';
import type { Engine, Snapshot } from '../engines/engine.ts';
import type { TaskContext } from '../jobs/handler.ts';
import { logLine } from './log-lines.ts';
import type { RuleBase } from './plan-types.ts';
import { resolveReadRules } from './read-rules.ts';
import { reducedSentence } from './reduced-sentence.ts';
import type { RuledTable } from './table-rules.ts';
import { warnLine } from './target-lines.ts';

/** What exports and copies ask for. */
export type ReadRequest = ReadOptions & { readonly database: string };

/** That of an earlier plan of the job, or a new one. */
export function ruleBaseOf(job: Job): RuleBase {
  const { hashKey, readAt } = (job.plan ?? {}) as Partial<RuleBase>;
  return {
    hashKey: hashKey ?? randomBytes(32).toString('hex'),
    readAt: readAt ?? new Date().toISOString(),
  };
}

/** What of a database a job reads. */
export interface SourceChoice {
  /** What the selection lets through, whatever the filters say: the scope of the definitions. */
  readonly chosen: ChosenTables;
  /** Whose rows are read. */
  readonly tables: readonly RuledTable[];
}

/**
 * Looks through the snapshot at what there is, and chooses what was asked for.
 * @throws AppError selection-empty, field-invalid for rules that name what is not there
 */
export async function chooseFromSource(
  engine: Engine,
  snapshot: Snapshot,
  request: ReadRequest,
  rules: RuleBase,
  context: TaskContext,
): Promise<SourceChoice> {
  const selection = await compileSelection(request.selection);
  const filters = await compileObjectFilters(request.include, request.exclude);
  const catalogue = await snapshot.inspect(context);
  const owner = request.selection.ownSchemaOf ?? context.job.owner;
  const ownSchema = ownSchemaOf(owner, catalogue.schemas, engine.defaultSchema);
  const chosen = chooseTables(selection, catalogue, ownSchema);
  const passing = filters.tables(chosen.tables);
  // Without rows to read there must be another object, which only the definitions tell.
  if (passing.length === 0) await readDefinitions(snapshot, request, chosen, context);
  const { hashKey, readAt } = rules;
  const { tables, warnings, notes } = await resolveReadRules(request, passing, hashKey, new Date(readAt));
  await snapshot.checkRules?.(tables, context);
  const read = request.content === 'metadata_only' ? [] : tables;
  const reduced = reducedSentence(read);
  await context.note(
    ...warnings.map((warning) => warnLine(warning)),
    ...notes.map((note) => logLine('note', note)),
    ...(reduced === null ? [] : [logLine('note', reduced)]),
  );
  return { chosen, tables: read };
}

/**
 * The definitions of what was chosen, read through the snapshot.
 * @throws AppError selection-empty when there is neither a table nor another object
 */
export async function readDefinitions(
  snapshot: Snapshot,
  request: ReadRequest,
  chosen: ChosenTables,
  context: TaskContext,
): Promise<readonly DdlObject[]> {
  const selection = await compileSelection(request.selection);
  const filters = await compileObjectFilters(request.include, request.exclude);
  const { schemas, tables } = chosen;
  const everything = await snapshot.ddl(
    { mode: request.selection.mode, schemas, tables: withAncestors(tables) },
    context,
  );
  const objects = chooseObjects(selection, chosen, everything);
  const where = `database ${request.database}`;
  refuseEmpty(selection, chosen, objects, where);
  const passing = filters.objects(objects);
  if (!filters.isEmpty && passing.length === 0 && filters.tables(tables).length === 0) {
    throw new AppError('selection-empty', {
      field: request.include.length > 0 ? 'include' : 'exclude',
      message: `Nothing of what was selected in ${where} passes include and exclude.`,
    });
  }
  return objectsOfContent(request.content, passing);
}

import type { NewJobLogEntry } from '../core/job.ts';
import type { ManifestTable } from '../core/manifest.ts';
import type { ImportRequest } from '../core/request.ts';
import type { TaskContext } from '../jobs/handler.ts';
import type { Environment } from './environment.ts';
import { type ImportPlace, type ImportSource, openSource } from './import-source.ts';
import { sharedTarget } from './import-target.ts';
import { findMissingRoles } from './missing-roles.ts';
import { reportFindings } from './preflight.ts';
import { reducedLines } from './reduced-sentence.ts';
import { refuseHostile } from './refuse-hostile.ts';
import { refuseTooLarge } from './refuse-too-large.ts';
import { remapContent } from './remap-content.ts';
import { displayName, warnLine } from './target-lines.ts';
import { decideTarget, type TargetPlan, type TargetTable } from './target-plan.ts';

/** A table of the set under its target's names. */
export interface ImportTable extends TargetTable {
  readonly source: ManifestTable;
}

/** What an import would do. */
export interface ImportDecision {
  readonly source: ImportSource;
  readonly target: TargetPlan<ImportTable>;
  readonly leftAlone: readonly string[];
  readonly log: readonly NewJobLogEntry[];
}

/**
 * Everything that is decided before the first byte is written. Reads set and target, changes neither.
 * @param place what is read
 * @param stop takes an error that ends an import: throws it, or keeps it, to see what else there is
 */
export async function decideImport(
  environment: Environment,
  request: ImportRequest,
  place: ImportPlace,
  stop: (error: unknown) => void,
  context: TaskContext,
): Promise<ImportDecision> {
  const attempt = async (work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      stop(error);
    }
  };

  // The set must be of a kind that the target can read, and what is wanted of it whole by its sizes.
  const { engine } = await environment.database(request.database);
  const source = await openSource(environment, engine, request, place, attempt, context);
  const { content } = source;

  // What comes from a set may be anybody's.
  await attempt(() => refuseHostile(engine, content.all, content.objects));
  const { objects, tables, leftAlone } = await remapContent(engine, request.remaps, {
    objects: content.objects,
    tables: content.tables.map(importTable),
  });

  // Can the target take it? Whatever stands against it refuses the import before anything is written.
  const target = await sharedTarget(environment, request, context);
  await attempt(async () => reportFindings(await target.preflight(context), context));
  await attempt(() => refuseTooLarge(target, request, content.tables, context));
  const planned = await decideTarget(
    {
      engine,
      target,
      options: request,
      content: request.content,
      objects,
      tables,
      databaseName: request.database,
      isErased: request.erase,
    },
    context,
  );
  if (planned.refusal !== null) stop(planned.refusal);
  const missing = await findMissingRoles(engine, target, planned.objects, context, content.roles);
  const report = { ...planned.report, objects: missing.refused(planned.report.objects) };
  return {
    source,
    target: { ...planned, report },
    leftAlone,
    log: [
      ...source.log,
      ...(request.erase ? [eraseLine(request.database)] : []),
      ...leftAlone.map((message) => warnLine(message)),
      ...failedTables(content.tables),
      ...(request.content === 'metadata_only' ? [] : reducedLines(content.tables)),
      ...planned.log,
      ...missing.lines,
    ],
  };
}

const eraseLine = (database: string): NewJobLogEntry =>
  warnLine(
    `Everything that database ${database} holds is removed before the first row is written, also what nothing is brought for (erase).`,
  );

const importTable = (source: ManifestTable): ImportTable => ({
  schema: source.schema,
  name: source.name,
  columns: source.columns.map(({ name }) => name),
  rows: source.rows,
  bytes: source.rawBytes,
  incomplete: source.status === 'failed',
  parts: source.units.length,
  source,
});

const failedTables = (tables: readonly ManifestTable[]): readonly NewJobLogEntry[] =>
  tables
    .filter(({ status }) => status === 'failed')
    .map((table) =>
      warnLine(
        `The set holds table ${displayName(table)} without data, since its export failed: ${table.error ?? 'unknown'}`,
      ),
    );

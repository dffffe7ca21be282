import { formatBytes, formatCount, formatCounted, formatTable } from '../format.ts';
import { locationQuery } from '../location.ts';
import type { CommandEnd, Session } from '../session.ts';

interface DumpSet {
  readonly file_pattern: string;
  readonly job: string;
  readonly engine: string;
  readonly database: string;
  readonly created_at: string;
  readonly tables: number;
  readonly rows: number;
  readonly bytes: number;
  readonly consistency: string;
  readonly error_count: number;
  readonly encrypted: boolean;
  readonly reduced_tables: number;
}

interface DumpSetContents {
  readonly job: { readonly name: string };
  readonly created_at: string;
  readonly source: { readonly engine: string; readonly server_version: string; readonly database: string };
  readonly mode: string;
  readonly encoding: string;
  readonly encrypted: boolean;
  readonly consistency: { readonly kind: string; readonly note: string };
  readonly bytes: number;
  readonly raw_bytes: number;
  readonly tables: readonly {
    readonly schema: string;
    readonly name: string;
    readonly rows: number;
    readonly raw_bytes: number;
    readonly status: string;
    readonly error: string | null;
    readonly reduced: readonly string[];
  }[];
  readonly objects: readonly { readonly type: string; readonly count: number }[];
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
}

/** A service that is newer may know others. */
const reductionTexts: Readonly<Record<string, string>> = { columns: 'columns left out' };

export async function listDumpSets(
  session: Session,
  location: string | undefined,
  flags: { readonly credential?: string },
): Promise<CommandEnd> {
  const client = await session.client();
  const { items } = await client.json<{ readonly items: readonly DumpSet[] }>({
    method: 'GET',
    path: `/api/v1/dump-sets${locationQuery(location, flags)}`,
  });
  session.show(items, () =>
    items.length === 0
      ? 'No complete dump sets there.'
      : formatTable(
          [
            'file',
            'database',
            'engine',
            'created',
            'tables',
            'rows',
            'size',
            'consistency',
            'encrypted',
            'reduced',
            'errors',
          ],
          items.map((set) => [
            set.file_pattern,
            set.database,
            set.engine,
            set.created_at,
            formatCount(set.tables),
            formatCount(set.rows),
            formatBytes(set.bytes),
            set.consistency,
            set.encrypted ? 'yes' : '',
            set.reduced_tables === 0 ? '' : formatCounted(set.reduced_tables, 'table'),
            String(set.error_count),
          ]),
        ),
  );
  return 'ok';
}

export async function showDumpSet(
  session: Session,
  location: string,
  flags: { readonly file?: string; readonly credential?: string },
): Promise<CommandEnd> {
  const client = await session.client();
  const set = await client.json<DumpSetContents>({
    method: 'GET',
    path: `/api/v1/dump-sets/show${locationQuery(location, flags)}`,
  });
  session.show(set, () =>
    [
      `${set.job.name}: ${set.mode} export of ${set.source.database} (${set.source.engine} ${set.source.server_version}), ${set.created_at}`,
      `${set.encoding}${set.encrypted ? ', encrypted' : ''}, consistency ${set.consistency.kind}${set.consistency.note === '' ? '' : ` (${set.consistency.note})`}, ${formatBytes(set.bytes)} in ${set.files.length} files, ${formatBytes(set.raw_bytes)} uncompressed`,
      `objects: ${set.objects.map(({ type, count }) => `${count} ${type.toLowerCase()}`).join(', ')}`,
      formatTable(
        ['schema', 'table', 'rows', 'size', 'reduced', 'status'],
        set.tables.map((table) => [
          table.schema,
          table.name,
          formatCount(table.rows),
          formatBytes(table.raw_bytes),
          table.reduced.map((word) => reductionTexts[word] ?? word).join(', '),
          table.error ?? table.status,
        ]),
      ),
    ].join('\n'),
  );
  return 'ok';
}

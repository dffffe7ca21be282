import { tableKey } from '../core/catalogue.ts';
import {
  type FrameRef,
  type Manifest,
  type ManifestTable,
  type ManifestUnit,
  manifestVersion,
} from '../core/manifest.ts';
import type { Engine } from '../engines/engine.ts';
import type { OwnFile } from './examine-own-files.ts';

/**
 * What a manifest would say of files that have none: each table with a unit for each file that holds rows of it. A unit is the whole file, of
 * which its variant tells which rows are meant, and its digest is of what was read when the file was examined.
 */
export function ownFileManifest(
  files: readonly OwnFile[],
  { id: engine, capabilities }: Pick<Engine, 'id' | 'capabilities'>,
): Manifest {
  const encoding = capabilities.ownFiles?.encoding ?? capabilities.encodings[0];
  const units = files.flatMap((file, position) =>
    file.tables.map((table, part) => ({
      table,
      unit: unitOf(file, `${digits(position)}-${digits(part)}`, table),
    })),
  );
  const tables = [...Map.groupBy(units, ({ table }) => tableKey(table)).values()].flatMap(
    (some): ManifestTable | [] => {
      const [first] = some;
      if (first === undefined) return [];
      const { schema, name, columns } = first.table;
      return {
        schema,
        name,
        columns,
        tablespace: null,
        rows: some.reduce((sum, { unit }) => sum + unit.rows, 0),
        rawBytes: some.reduce((sum, { unit }) => sum + unit.rawBytes, 0),
        encoding,
        status: 'complete',
        error: null,
        units: some.map(({ unit }) => unit),
      };
    },
  );
  const versions = new Set(files.map(({ serverVersion }) => serverVersion));
  return {
    format: 'pumphouse-dump',
    version: manifestVersion,
    job: { id: '', name: '' },
    createdAt: '',
    completedAt: '',
    source: {
      engine,
      serverVersion: [...versions].filter((version) => version !== '').join(', '),
      database: '',
    },
    mode: 'full',
    encoding,
    compression: 'none',
    consistency: { kind: 'none', note: 'Nothing tells when the files were written.' },
    tables,
    ddl: { pre: nothing, post: nothing },
    objects: [],
    files: files.map(({ name, bytes, digest }) => ({ name, bytes, digest })),
  };
}

const unitOf = (
  { name, bytes, rawBytes, digest }: OwnFile,
  id: string,
  { rows, variant }: OwnFile['tables'][number],
): ManifestUnit => ({
  id,
  file: name,
  offset: 0,
  length: bytes,
  rawBytes,
  digest: `stored-${digest}`,
  rows,
  variant,
});

const digits = (position: number): string => String(position + 1).padStart(4, '0');

/** There are no definitions. */
const nothing: FrameRef = {
  file: '',
  offset: 0,
  length: 0,
  rawBytes: 0,
  digest: 'stored-sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
};

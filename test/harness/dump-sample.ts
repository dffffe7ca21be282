import type { DdlObject, TableName } from '../../src/core/catalogue.ts';
import type { OperationContext } from '../../src/core/context.ts';
import type { Manifest, ManifestFile } from '../../src/core/manifest.ts';
import { assignFiles } from '../../src/dump/assign-files.ts';
import { type UnitSource, type WrittenUnit, writeDataFile } from '../../src/dump/data-file.ts';
import type { FrameCoding } from '../../src/dump/frame-coding.ts';
import { type DumpLayout, layoutForSet } from '../../src/dump/layout.ts';
import { writeMaster } from '../../src/dump/master.ts';
import { createLimit } from '../../src/storages/layers/limit.ts';
import { defaultLayerOptions, stackStorage } from '../../src/storages/stack.ts';
import type { Storage } from '../../src/storages/storage.ts';
import { bareLocal } from './local-storage.ts';

/** Each form of a dump set, by the file pattern that asks for it. */
export const filePatterns: readonly (string | null)[] = [null, 'EXP%U.DMP', 'one.dmp'];

/** The folder that a set without a pattern goes to. */
export const sampleJob = 'EXPORT_1';

export interface SampleUnit {
  readonly table: TableName;
  readonly part: number;
  readonly content: Uint8Array;
}

/** Compressed, not encrypted: what most sets are. */
export const plainZstd: FrameCoding = { compression: 'zstd', cipher: null };

export const localStorage = (folder: string): Storage => {
  const { limit } = defaultLayerOptions;
  return stackStorage(bareLocal(folder), defaultLayerOptions, createLimit(limit));
};

export const unitId = (unit: SampleUnit): string => `${unit.table.name}-${unit.part}`;

/** A unit's source in chunks of `chunkBytes`; its row count is its number of line feeds. */
export const unitSource = (id: string, content: Uint8Array, chunkBytes = 1000): UnitSource => ({
  id,
  open: () => ({
    bytes: (async function* () {
      for (let at = 0; at < content.length; at += chunkBytes)
        yield Buffer.from(content.subarray(at, at + chunkBytes));
    })(),
    summary: Promise.resolve({ rows: content.filter((byte) => byte === 10).length, variant: '' }),
  }),
});

export const sampleObjects: readonly DdlObject[] = [
  ddl('pre', 'TABLE', 'emp', null, 'CREATE TABLE public.emp (\n  id integer,\n  name text\n);'),
  ddl('pre', 'VIEW', 'größe', null, "CREATE VIEW public.größe AS SELECT '漢字 🐘';"),
  ddl('post', 'INDEX', 'emp_ix', 'emp', 'CREATE INDEX emp_ix ON public.emp (name);'),
  ddl('pre', 'COMMENT', 'emp', 'emp', "COMMENT ON TABLE public.emp IS 'with ; inside';"),
];

function ddl(
  section: 'pre' | 'post',
  type: string,
  name: string,
  table: string | null,
  sql: string,
): DdlObject {
  return { section, type, schema: 'public', name, table, owner: 'scott', sql };
}

/** Three tables: one in several units, an empty one, one with a strange name. */
export const sampleUnits: readonly SampleUnit[] = [
  { table: { schema: 'public', name: 'emp' }, part: 1, content: lines('emp', 5000) },
  { table: { schema: 'public', name: 'emp' }, part: 2, content: lines('emp', 20) },
  { table: { schema: 'public', name: 'none' }, part: 1, content: Buffer.alloc(0) },
  { table: { schema: 'public', name: '../"odd/ näme"' }, part: 1, content: lines('odd', 300) },
];

function lines(word: string, count: number): Buffer {
  return Buffer.from(
    Array.from({ length: count }, (_, index) => `${index}\t${word} ${index * 7919}\t\\N\n`).join(''),
  );
}

/** Writes a whole set as an export does. */
export async function writeSample(
  storage: Storage,
  filePattern: string | null,
  context: OperationContext,
  units: readonly SampleUnit[] = sampleUnits,
  coding: FrameCoding = plainZstd,
): Promise<{ readonly layout: DumpLayout; readonly manifest: Manifest }> {
  const layout = layoutForSet(filePattern, sampleJob);
  const byId = new Map(units.map((unit) => [unitId(unit), unit]));
  const sourceOf = (id: string): UnitSource => unitSource(id, byId.get(id)?.content ?? Buffer.alloc(0));
  const toPlace = units.map((unit) => ({ ...unit, id: unitId(unit), bytes: unit.content.length }));
  const files: ManifestFile[] = [];
  const written = new Map<string, WrittenUnit>();
  const isSingle = layout.form === 'file';
  if (!isSingle) {
    for (const { file, units: ids, bytes } of assignFiles(layout, toPlace, {
      encoding: 'text',
      compression: coding.compression,
      isEncrypted: coding.cipher !== null,
      threads: 2,
    })) {
      const options = { ifExists: 'fail', coding, expectedBytes: bytes } as const;
      const result = await writeDataFile(storage, file, ids.map(sourceOf), options, context);
      files.push(result.file);
      for (const unit of result.units) written.set(unit.id, unit);
    }
  }
  const tables = [...Map.groupBy(units, ({ table }) => JSON.stringify(table)).values()].map((ofTable) => ({
    schema: ofTable[0]?.table.schema ?? '',
    name: ofTable[0]?.table.name ?? '',
    tablespace: null,
    columns: [
      { name: 'id', type: 'integer' },
      { name: 'name', type: 'text' },
      { name: 'nothing', type: 'text' },
    ],
    encoding: 'text' as const,
    error: null,
    units: isSingle ? [] : ofTable.map((unit) => written.get(unitId(unit)) as WrittenUnit),
    inlineUnits: isSingle ? ofTable.map(unitId) : [],
  }));
  const manifest = await writeMaster(
    storage,
    layout,
    {
      job: { id: 'job-1', name: sampleJob },
      createdAt: '2026-11-21T08:00:00.000Z',
      source: { engine: 'postgres', serverVersion: '15.18', database: 'hr' },
      mode: 'schema',
      encoding: 'text',
      coding,
      consistency: { kind: 'snapshot', note: '' },
      tables,
      objects: sampleObjects,
      files,
    },
    isSingle ? units.map((unit) => sourceOf(unitId(unit))) : [],
    { ifExists: 'fail' },
    context,
  );
  return { layout, manifest };
}

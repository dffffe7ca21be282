import { sizeText } from '../base/size-text.ts';
import { tableKey } from '../core/catalogue.ts';
import { AppError } from '../core/errors.ts';
import type { UnitToPlace } from './assign-files.ts';
import { lastFileNumber } from './file-pattern.ts';

/** All numbers of a pattern but the master's. */
export const mostNumberedFiles = lastFileNumber - 1;

/** A numbered file holds about this much (estimate of raw bytes) or more, unless that leaves threads without work. */
const wantedFileBytes = 64 * 1024 * 1024;

/** What of a file's size is planned with, by estimates of rows before compression: some rows take more room than the estimate says. */
const plannedShare = 4 / 5;

export interface NumberedFiles {
  readonly threads: number;
  /** How many there may be. */
  readonly most: number;
  /** Stored bytes that none may grow beyond; null: no limit. */
  readonly fileSize: number | null;
}

/**
 * The positions of the units that go to each file, in order: the largest unit first, each to the file with the least so far, so that no file
 * waits behind two big units while another is idle. Throws `file-size-too-small`.
 */
export function spread(
  units: readonly UnitToPlace[],
  { threads, most, fileSize }: NumberedFiles,
): readonly (readonly number[])[] {
  const total = units.reduce((sum, { bytes }) => sum + bytes, 0);
  const limit = fileSize === null ? Number.POSITIVE_INFINITY : fileSize * plannedShare;
  const wanted = fileSize === null ? Math.floor(total / wantedFileBytes) : Math.ceil(total / limit);
  const end = Math.min(units.length, most);
  let count = Math.min(Math.max(wanted, threads, 1), end);
  let files = inFiles(units, count);
  while (Math.max(0, ...files.map(({ bytes }) => bytes)) > limit && count < end) {
    count += 1;
    files = inFiles(units, count);
  }
  if (fileSize !== null && files.some(({ bytes }) => bytes > limit)) {
    throw fileSizeTooSmall(units, fileSize, leastFileSizeFor(units, most));
  }
  return files.map(({ indexes }) => indexes.sort((a, b) => a - b));
}

/** The least size of files that these units can be spread over. */
export function leastFileSizeFor(units: readonly UnitToPlace[], most = mostNumberedFiles): number {
  const files = inFiles(units, Math.min(units.length, most));
  return Math.ceil(Math.max(0, ...files.map(({ bytes }) => bytes)) / plannedShare);
}

/** The size at which tables are to be cut for files of `fileSize`: engines cut roughly, and a file wants several pieces. */
export const unitBytesFor = (fileSize: number): number => Math.floor((fileSize * plannedShare) / 2);

/** @param least the size that works */
export function fileSizeTooSmall(units: readonly UnitToPlace[], fileSize: number, least: number): AppError {
  const largest = units.reduce((max, unit) => (unit.bytes > max.bytes ? unit : max));
  const total = units.reduce((sum, { bytes }) => sum + bytes, 0);
  const message =
    largest.bytes > fileSize * plannedShare
      ? `Table ${tableKey(largest.table)} has a piece of about ${sizeText(largest.bytes)} that cannot be cut, which is too much for files of ${sizeText(fileSize)}.`
      : `About ${sizeText(total)} of rows do not fit into ${mostNumberedFiles} files of ${sizeText(fileSize)}.`;
  return new AppError('file-size-too-small', {
    field: 'file_size',
    message,
    hint: `The least file_size that works is ${least} bytes; or leave file_pattern out for a folder, which takes any number of files.`,
  });
}

interface FileOfUnits {
  readonly indexes: number[];
  bytes: number;
}

function inFiles(units: readonly UnitToPlace[], count: number): readonly FileOfUnits[] {
  const files = Array.from({ length: count }, (): FileOfUnits => ({ indexes: [], bytes: 0 }));
  const bySize = units
    .map((_, index) => index)
    .sort((a, b) => (units[b]?.bytes ?? 0) - (units[a]?.bytes ?? 0));
  for (const index of bySize) {
    const least = files.reduce((best, file) => (isLess(file, best) ? file : best));
    least.indexes.push(index);
    least.bytes += units[index]?.bytes ?? 0;
  }
  return files;
}

const isLess = (a: FileOfUnits, b: FileOfUnits): boolean =>
  a.bytes < b.bytes || (a.bytes === b.bytes && a.indexes.length < b.indexes.length);

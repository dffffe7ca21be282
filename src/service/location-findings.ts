import { sizeText } from '../base/size-text.ts';
import type { Finding } from '../core/catalogue.ts';
import type { OperationContext } from '../core/context.ts';
import { toAppError } from '../core/errors.ts';
import type { Storage } from '../storages/storage.ts';

/** Less than this is little for any export. */
const littleSpace = 2 ** 30;

/**
 * Whether an export can write its dump files to a place: that it takes files at all, and that it has room for the data. Dump files are
 * smaller than the data as a rule, so that too little room is a warning and no more.
 * @param dataBytes an estimate of the data, uncompressed; null: nobody knows
 */
export async function spaceFindings(
  storage: Storage,
  dataBytes: number | null,
  context: OperationContext,
): Promise<readonly Finding[]> {
  try {
    await storage.probe(context);
  } catch (error) {
    const { message, hint } = toAppError(error);
    return [{ level: 'red', check: 'location', message, remedy: hint }];
  }
  const free = await storage.freeBytes(context);
  if (free === null) return [];
  const isLittle = free < Math.max(dataBytes ?? 0, littleSpace);
  const needed =
    dataBytes === null ? '' : `, for an estimated ${sizeText(dataBytes)} of data before compression`;
  const figures = `${sizeText(free)} are free at ${storage.description}${needed}.`;
  return [
    {
      level: isLittle ? 'amber' : 'green',
      check: 'space',
      message: isLittle ? `Only ${figures}` : figures,
      remedy: isLittle ? 'Make room there, choose another location, or export less.' : '',
    },
  ];
}

/** Whether an import finds anything at a place. */
export async function dumpSetFindings(
  storage: Storage,
  context: OperationContext,
): Promise<readonly Finding[]> {
  const { description } = storage;
  try {
    if (!storage.lists) {
      // Any question shows whether the place answers; what it holds, only names can tell.
      await storage.stat('manifest.json', context);
      return [];
    }
    for await (const _file of storage.list('', context)) {
      return [
        { level: 'green', check: 'location', message: `There are files at ${description}.`, remedy: '' },
      ];
    }
  } catch (error) {
    const { message, hint } = toAppError(error);
    return [{ level: 'red', check: 'location', message, remedy: hint }];
  }
  return [
    {
      level: 'amber',
      check: 'location',
      message: `There is no file at ${description}.`,
      remedy: 'Name the location that the export wrote to.',
    },
  ];
}

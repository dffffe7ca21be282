import type { Logger } from '../../../core/context.ts';
import type { ApplyFailure, FinishedTable } from '../../engine.ts';
import { replyItems, replyText } from '../client/reply.ts';
import { databaseOf } from '../logical-database.ts';
import type { RedisOptions } from '../url-options.ts';
import { addSums, createNameCrc, RunningSum } from './key-sum.ts';
import type { Masters } from './masters.ts';
import { isOwnKey, type KeySum, receiptDatabase, type UnitReceipt, unitReceipts } from './receipts.ts';
import { callAll, callOne } from './routed-call.ts';
import { addNames } from './sum-names.ts';
import type { TargetState } from './target-state.ts';

const scanCount = 1_000;

/** Of more keys the number tells enough, unless the URL asks for names: to read all of them back takes a third of the time of the import. */
const mostNames = 500_000;

/**
 * Compares what the receipts tell with the keys that the target has: their number and the digest of their names, for logical databases that
 * this job began empty; of {@link mostNames} or more the names only where the number differs, or `compare` says so. Gives what differs, and
 * the keys that units could not write.
 */
export async function compareKeys(
  state: TargetState,
  tables: readonly FinishedTable[],
  compare: RedisOptions['compare'],
  { signal, log }: { readonly signal: AbortSignal; readonly log: Logger },
): Promise<readonly ApplyFailure[]> {
  const units = [...unitReceipts(await state.receipts.all(signal)).values()];
  const failures = units.flatMap(failuresOf);
  const databases = new Set(
    tables.flatMap(({ schema, rows }) => (rows === undefined ? [] : databaseOf(schema))),
  );
  for (const database of databases) {
    const own = units.filter((unit) => unit.database === database);
    if (own.length === 0 || own.some((unit) => !unit.isAlone || !unit.isDone)) continue;
    const message = await difference(state.masters, database, own, compare, signal, log);
    if (message !== null)
      failures.push({ object: { type: 'TABLE', schema: `db${database}`, name: 'keys' }, message });
  }
  return failures;
}

function failuresOf({ failed, failures, database }: UnitReceipt): readonly ApplyFailure[] {
  const unnamed = failed - failures.filter(({ object }) => object.type === 'KEY').length;
  if (unnamed <= 0) return failures;
  const message = `and ${unnamed} more keys of the same unit, which are not named here.`;
  return [...failures, { object: { type: 'TABLE', schema: `db${database}`, name: 'keys' }, message }];
}

/** A sentence; null: there is none. */
async function difference(
  masters: Masters,
  database: number,
  units: readonly UnitReceipt[],
  compare: RedisOptions['compare'],
  signal: AbortSignal,
  log: Logger,
): Promise<string | null> {
  const lasting = addSums(units.map((unit) => unit.lasting));
  const expiring = addSums(units.map((unit) => unit.expiring));
  const written = addSums([lasting, expiring]);
  const isLarge = compare === 'auto' && written.keys > mostNames;
  if (isLarge && (await numberOfKeys(masters, database, signal)) === written.keys) return null;
  const all = await sumOfNames(masters, database, signal);
  if (isSame(all, written)) return null;

  // Keys that expire may be gone by now: those that do not must be there.
  const kept = await sumOfLastingNames(masters, database, signal);
  if (isSame(kept, lasting) && all.keys <= written.keys) return null;
  const place = `db${database}`;
  if (units.some((unit) => unit.mayRepeat) && all.keys <= written.keys) {
    log.info(
      `${place} has ${all.keys} keys after ${written.keys} were written: the source was read key by key, and some came twice or have expired.`,
    );
    return null;
  }
  if (all.keys === written.keys) {
    return `${place} has as many keys as were written (${all.keys}), but not the same: others write into the target, or it evicts keys.`;
  }
  return `${place} has ${all.keys} keys where ${written.keys} were written, ${expiring.keys} of them with an expiry: others write into the target, or it evicts keys.`;
}

const isSame = (one: KeySum, other: KeySum): boolean =>
  one.keys === other.keys && one.digest === other.digest;

/** Without the job's receipts; those of another job count. */
async function numberOfKeys(masters: Masters, database: number, signal: AbortSignal): Promise<number> {
  let keys = database === receiptDatabase ? -1 : 0;
  for (const address of masters.route.addresses) {
    const connection = await masters.control(address, database, signal);
    keys += Number(await callOne(connection, ['DBSIZE'], signal));
  }
  return keys;
}

/** Number and digest of the users' keys of a logical database, over all masters. */
async function sumOfNames(masters: Masters, database: number, signal: AbortSignal): Promise<KeySum> {
  const sum = new RunningSum();
  for (const address of masters.route.addresses) {
    await using connection = await masters.connect(address, database, signal);
    await addNames(connection, sum, signal);
  }
  return sum.sum();
}

/** The same of those keys that have no expiry. */
async function sumOfLastingNames(masters: Masters, database: number, signal: AbortSignal): Promise<KeySum> {
  const sum = new RunningSum();
  const crc = createNameCrc();
  for (const address of masters.route.addresses) {
    const connection = await masters.control(address, database, signal);
    let cursor = '0';
    do {
      const [next, found] = replyItems(
        await callOne(connection, ['SCAN', cursor, 'COUNT', scanCount], signal),
      );
      const keys = replyItems(found).filter(
        (key) => key instanceof Uint8Array && !isOwnKey(key),
      ) as Uint8Array[];
      const ttls = await callAll(
        connection,
        keys.map((key) => ['PTTL', key]),
        signal,
      );
      for (const [at, key] of keys.entries()) {
        if (ttls[at] !== -1) continue;
        crc.of(key);
        sum.add(crc);
      }
      cursor = replyText(next);
    } while (cursor !== '0');
  }
  return sum.sum();
}

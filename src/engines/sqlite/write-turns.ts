import { createKeyedSerial } from '../../base/serial.ts';
import { abortError, untilAborted } from '../../core/abort-error.ts';

/** A database has one writer at a time: the sessions of this process take turns, which is fairer than SQLite's waiting. */
const turns = createKeyedSerial();

/** Does `work` when it is its turn to write the database file `path`, unless nobody wants the result any more by then. */
export const inWriteTurn = <T>(path: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> =>
  untilAborted(
    signal,
    turns(path, async () => {
      if (signal.aborted) throw abortError(signal);
      return await work();
    }),
  );

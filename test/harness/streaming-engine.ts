import { AppError } from '../../src/core/errors.ts';
import type { Engine, Snapshot, Unit } from '../../src/engines/engine.ts';
import { sqliteEngine } from '../../src/engines/sqlite/engine.ts';

export interface Streaming {
  /** The stream of a table, by its name; null: it stands alone. */
  readonly streamOf: (table: string) => string | null;
  /** Tables that cannot be read. May change between runs. */
  readonly broken?: ReadonlySet<string>;
  /** Tables whose reading loses the snapshot. */
  readonly losing?: ReadonlySet<string>;
  readonly consistency?: Snapshot['consistency'];
}

/**
 * SQLite as an engine whose tables come in streams, and whose text is a format of files of its own. It throws `internal` where pieces of a stream
 * are not read one after the other.
 */
export function streamingEngine({
  streamOf,
  broken = new Set(),
  losing = new Set(),
  consistency,
}: Streaming): Engine {
  let pieces: readonly Unit[] = [];
  const position = new Map<string, number>();

  const read = (snapshot: Snapshot, ...asked: Parameters<Snapshot['read']>): ReturnType<Snapshot['read']> => {
    const [unit] = asked;
    const reader = snapshot.read(...asked);
    if (unit.stream !== undefined) follow(unit, unit.stream);
    const { name } = unit.table;
    if (!broken.has(name) && !losing.has(name)) return reader;
    const error = losing.has(name)
      ? new AppError('snapshot-lost', { message: 'The session was ended.' })
      : new AppError('database-statement', { message: `${name} is broken.` });
    return {
      ...reader,
      bytes: (async function* () {
        yield* reader.bytes;
        throw error;
      })(),
    };
  };

  function follow(unit: Unit, stream: string): void {
    const place = pieces
      .filter((piece) => piece.stream === stream)
      .findIndex(({ table, part }) => table.name === unit.table.name && part === unit.part);
    if (place > 0 && position.get(stream) !== place - 1)
      throw new AppError('internal', {
        message: `${unit.id} of ${stream} does not follow the piece before it.`,
      });
    position.set(stream, place);
  }

  const streaming = (snapshot: Snapshot): Snapshot =>
    Object.assign(Object.create(snapshot) as Snapshot, {
      plan: (...asked: Parameters<Snapshot['plan']>) => {
        pieces = snapshot.plan(...asked).map((unit) => {
          const stream = streamOf(unit.table.name);
          return stream === null ? unit : { ...unit, stream };
        });
        return pieces;
      },
      read: (...asked: Parameters<Snapshot['read']>) => read(snapshot, ...asked),
      ...(consistency === undefined ? {} : { consistency }),
    });

  return {
    ...sqliteEngine,
    capabilities: { ...sqliteEngine.capabilities, ownFiles: { encoding: 'text', extension: 'txt' } },
    async openSource(...asked) {
      const session = await sqliteEngine.openSource(...asked);
      return {
        ...session,
        begin: async (...how) => streaming(await session.begin(...how)),
        join: async (...how) => streaming(await session.join(...how)),
      };
    },
  };
}

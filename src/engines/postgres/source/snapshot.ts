import { type Catalogue, type DdlObject, isOfDatabase, tableKey } from '../../../core/catalogue.ts';
import type { OperationContext, Work } from '../../../core/context.ts';
import { AppError } from '../../../core/errors.ts';
import type { Encoding } from '../../../core/request.ts';
import type { DdlScope, Snapshot, TableToRead, Unit, UnitReader } from '../../engine.ts';
import { classifyPostgresError } from '../classify.ts';
import type { Connector } from '../connector.ts';
import { dumpDdl } from '../ddl/dump-ddl.ts';
import { schemaObject } from '../ddl/target-schemas.ts';
import { ownSchema } from '../own-schema.ts';
import { ConnectionPool } from '../pool.ts';
import type { Connection } from '../wire/connection.ts';
import { barredTables } from './barred-tables.ts';
import { checkTableRules, hasRulesToCheck } from './check-rules.ts';
import { readGlobals } from './globals.ts';
import { holdTables } from './hold-tables.ts';
import { inspectDatabase } from './inspect.ts';
import { withoutInstalledRoles } from './installed-roles.ts';
import { readLargeObjectDdl } from './large-object-ddl.ts';
import { planUnits } from './plan.ts';
import { closePublicSchema } from './public-schema.ts';
import { readUnit } from './read-unit.ts';
import { SnapshotLanes } from './snapshot-lanes.ts';
import {
  beginInSnapshot,
  beginNow,
  currentPosition,
  endTransaction,
  exportSnapshot,
} from './snapshot-transaction.ts';
import { readStateObjects } from './state-objects.ts';

/**
 * Takes a snapshot, or joins the one that `token` names. One connection, the holder, keeps a transaction open and exports what
 * it sees; whatever reads does so in short transactions of its own that import it, so that no lock of theirs lasts. Who
 * joins becomes a holder too: he keeps the view even when the first one goes.
 */
export async function holdSnapshot(
  connector: Connector,
  token: string | null,
  lanes: number,
  context: OperationContext,
): Promise<Snapshot> {
  const holder = await connector.open(context.signal);
  try {
    if (token === null) await beginNow(holder, context.work, context.signal);
    else await beginInSnapshot(holder, token, context.work, context.signal);
    const id = await exportSnapshot(holder, context.signal);
    // Who joins came later: the position is known to who took the snapshot.
    const position = token === null ? await currentPosition(holder, context.signal) : null;
    return new PostgresSnapshot(connector, holder, { id, position, work: context.work }, lanes);
  } catch (error) {
    await holder[Symbol.asyncDispose]();
    throw error;
  }
}

interface SnapshotFacts {
  /** The server's name for what the holder sees. */
  readonly id: string;
  readonly position: string | null;
  /** Whose it is: of who opened it, also where others of the job read through it. */
  readonly work: Work | undefined;
}

class PostgresSnapshot implements Snapshot {
  readonly token: string;
  readonly position?: string;
  readonly lanes: number;
  readonly lost: AbortSignal;
  readonly #connector: Connector;
  readonly #holder: Connection;
  readonly #work: Work | undefined;
  readonly #pool: ConnectionPool;
  readonly #readLanes: SnapshotLanes;
  readonly #loss = new AbortController();

  constructor(
    connector: Connector,
    holder: Connection,
    { id, position, work }: SnapshotFacts,
    lanes: number,
  ) {
    this.token = id;
    this.#work = work;
    if (position !== null) this.position = position;
    this.lanes = lanes;
    this.#connector = connector;
    this.#holder = holder;
    this.#pool = new ConnectionPool(connector.open, lanes);
    this.#readLanes = new SnapshotLanes(this.#pool, (lane, signal) => this.#begin(lane, signal));
    this.lost = this.#loss.signal;
    holder.onBroken((error) => {
      const cause = classifyPostgresError(error, 'hold snapshot');
      this.#loss.abort(
        new AppError('snapshot-lost', {
          message: `The connection that held the snapshot is gone: ${cause.message}`,
          operation: 'hold snapshot',
          cause,
        }),
      );
    });
  }

  async inspect(context: OperationContext): Promise<Catalogue> {
    return this.#reading('inspect', context, (connection) => inspectDatabase(connection, context.signal));
  }

  async ddl(scope: DdlScope, context: OperationContext): Promise<readonly DdlObject[]> {
    try {
      const barred = await this.#reading('look for privileges', context, (connection) =>
        barredTables(connection, context.signal),
      );
      const excluded = new Set(barred.map(tableKey));
      const readable = scope.tables.filter((table) => !isOfDatabase(table) && !excluded.has(tableKey(table)));
      await holdTables(this.#holder, readable, context.signal);
      const open = () => this.#connector.openRaw(context.signal);
      const all = await dumpDdl(open, scope, barred, this.token, context);
      const objects = all.filter((object) => !isOurs(object));
      const state = await this.#reading('read sequences', context, async (connection) => [
        ...(await readStateObjects(connection, objects, context.signal)),
        ...(hasPublicSchema(scope) ? await closePublicSchema(connection, context.signal) : []),
      ]);
      const { signal } = context;
      return await this.#reading('read globals', context, async (connection) => {
        const found =
          scope.mode === 'full'
            ? [
                ...(await readGlobals(connection, signal)),
                ...objects,
                ...(await readLargeObjectDdl(connection, signal)),
              ]
            : [...schemasOfTables(scope), ...objects];
        return await withoutInstalledRoles(connection, [...found, ...state], signal);
      });
    } catch (error) {
      throw classifyPostgresError(error, 'read DDL');
    }
  }

  plan(tables: readonly TableToRead[], unitBytes: number): readonly Unit[] {
    return planUnits(tables, unitBytes, this.#holder.raw.serverVersionNum);
  }

  async checkRules(tables: readonly TableToRead[], context: OperationContext): Promise<void> {
    for (const table of tables.filter(hasRulesToCheck)) {
      await this.#reading('check rules', context, (connection) =>
        checkTableRules(connection, table, context.signal),
      );
    }
  }

  read(unit: Unit, encoding: Encoding, context: OperationContext): UnitReader {
    return readUnit(this.#readLanes, unit, encoding, context);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool[Symbol.asyncDispose]();
    await this.#holder[Symbol.asyncDispose]();
  }

  /** The server may know sooner than the holder's connection that its session has ended. */
  async #begin(connection: Connection, signal: AbortSignal): Promise<void> {
    try {
      await beginInSnapshot(connection, this.token, this.#work, signal);
    } catch (error) {
      if (error instanceof AppError && error.kind === 'snapshot_lost') this.#loss.abort(error);
      throw error;
    }
  }

  /** Runs `work` in a transaction of the snapshot, on a lane. */
  async #reading<T>(
    operation: string,
    context: OperationContext,
    work: (connection: Connection) => Promise<T>,
  ): Promise<T> {
    try {
      return await this.#pool.use(context.signal, async (connection) => {
        // A lane may be left in a transaction of the snapshot.
        if (!connection.isInTransaction) await this.#begin(connection, context.signal);
        try {
          return await work(connection);
        } finally {
          await endTransaction(connection).catch(() => undefined);
        }
      });
    } catch (error) {
      throw classifyPostgresError(error, operation);
    }
  }
}

const hasPublicSchema = ({ mode, schemas }: DdlScope): boolean =>
  mode === 'full' || (mode === 'schema' && schemas.includes('public'));

/** Our receipts, which an import may have in this database: the schema with its owner and comment, and what is in it. */
const isOurs = (object: DdlObject): boolean =>
  object.schema === ownSchema || (object.schema === null && object.name === ownSchema);

/** pg_dump leaves the schema out when it is asked for tables by name; the tables need one to go to. */
function schemasOfTables({ mode, tables }: DdlScope): readonly DdlObject[] {
  if (mode === 'full' || mode === 'schema') return [];
  return [...new Set(tables.map(({ schema }) => schema))].map(schemaObject);
}

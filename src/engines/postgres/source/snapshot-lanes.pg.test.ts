import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { collect, quietContext, unruled } from '../../../../test/conformance/transfer.ts';
import { type PostgresServer, startPostgres } from '../../../../test/harness/postgres.ts';
import { createPostgresEngine } from '../engine.ts';

const context = quietContext();
const count = 260;

describe('lanes of a snapshot with very many small tables', () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server?.[Symbol.asyncDispose]());

  it('read several units in one transaction, and one that fails does not harm the next', async () => {
    const name = await server.createDatabase();
    await server.query(
      name,
      `DO $$ BEGIN FOR i IN 1..${count} LOOP
         EXECUTE format('CREATE TABLE t%s AS SELECT %s AS id', i, i);
       END LOOP; END $$`,
    );
    const engine = createPostgresEngine();
    await using source = await engine.openSource(engine.parseUrl(server.url(name)), context);
    await using snapshot = await source.begin(1, context);
    const { tables } = await snapshot.inspect(context);
    const units = snapshot.plan(unruled(tables), 1_000_000);
    assert.equal(units.length, count);
    const transactions = new Set<string>();
    for (const [index, unit] of units.entries()) {
      const { bytes, summary } = await collect(snapshot, unit, 'text');
      assert.equal(bytes.toString(), `${unit.table.name.slice(1)}\n`);
      assert.equal(summary.rows, 1);
      if (index % 50 === 49) {
        const gone = { ...unit, table: { ...unit.table, name: 'nowhere' } };
        await assert.rejects(collect(snapshot, gone, 'text'), { code: 'database-statement' });
      }
      const [row] = await server.query(
        name,
        `SELECT string_agg(pid || ' ' || xact_start, ', ') AS open FROM pg_stat_activity
         WHERE datname = current_database() AND query LIKE '%COPY%' AND state = 'idle in transaction'`,
      );
      transactions.add(String(row?.open));
    }
    // At first none is left open; later each serves many units.
    assert.ok(transactions.has('null'));
    assert.ok(transactions.size >= 3 && transactions.size < 12, `${transactions.size} transactions`);
    assert.equal((await snapshot.inspect(context)).tables.length, count);
  });
});

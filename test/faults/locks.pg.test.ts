import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import pg from 'pg';
import {
  checkSet,
  checkTarget,
  type FaultStage,
  found,
  makeLibrary,
  openFaultStage,
  openSide,
  type Side,
} from './fault-stage.ts';

/** Somebody else holds a table, on either side. */
describe('locks of others', { concurrency: true }, () => {
  let stage: FaultStage;
  let side: Side;
  before(async () => {
    stage = await openFaultStage();
    side = await openSide();
  });
  after(async () => {
    await stage?.[Symbol.asyncDispose]();
    await side?.[Symbol.asyncDispose]();
  });

  for (const kind of ['export', 'copy'] as const) {
    it(`${kind}: a table of the source is locked for longer than the job waits for it`, async () => {
      const database = `source_of_${kind}`;
      const expected = await makeLibrary(stage, side, database);
      const copy = kind === 'copy' ? { target: 'copied' } : {};
      if (kind === 'copy') await stage.makeTarget(side, 'copied');
      const id = await stage.start({ kind, database, mode: 'full', threads: 4, ...copy });
      await using holder = await lock(side.server.url(database), 'chapter_3');
      const told = await stage.line(id, /chapter_3" cannot be read/);
      assert.match(
        told,
        new RegExp(
          `session ${holder.pid} of postgres \\(idle in transaction\\) has it locked\\. .*pg_terminate_backend\\(${holder.pid}\\)\\. Trying again in`,
        ),
      );
      // The other tables do not wait for it.
      if (kind === 'export') await stage.line(id, /^exported "public"."chapter_5"/);
      await holder.release();
      await stage.completed(id);
      if (kind === 'copy') await checkTarget(side, 'copied', expected);
      else await checkSet(stage, side, id, expected);
    });
  }

  it('import: a table that is to be emptied is locked', async () => {
    const expected = await makeLibrary(stage, side, 'filled');
    const { name } = await stage.service.run({ kind: 'export', database: 'filled', mode: 'full' });
    await using holder = await lock(side.server.url('filled'), 'chapter_3');
    const id = await stage.start({
      kind: 'import',
      database: 'filled',
      file_pattern: name,
      table_exists_action: 'truncate',
      content: 'data_only',
    });
    const told = await stage.line(id, /keep tables to themselves/);
    assert.match(
      told,
      new RegExp(`public\\.chapter_3: session ${holder.pid} of postgres has held the lock for`),
    );
    await found(
      side.server,
      'filled',
      "SELECT FROM pg_stat_activity WHERE query LIKE 'TRUNCATE%' AND wait_event_type = 'Lock'",
    );
    await holder.release();
    await stage.completed(id);
    await checkTarget(side, 'filled', expected);
  });
});

interface Holder extends AsyncDisposable {
  readonly pid: number;
  release(): Promise<void>;
}

/** A session that has a table for itself alone. */
async function lock(url: string, table: string): Promise<Holder> {
  const client = new pg.Client(url);
  await client.connect();
  await client.query(`BEGIN; LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  let open = true;
  const release = async (): Promise<void> => {
    if (open) await client.end();
    open = false;
  };
  return { pid: rows[0]?.pid ?? 0, release, [Symbol.asyncDispose]: release };
}

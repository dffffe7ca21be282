import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startPostgres } from '../harness/postgres.ts';
import {
  chapters,
  checkSet,
  checkTarget,
  type FaultStage,
  makeLibrary,
  openFaultStage,
  openSide,
  type Side,
} from './fault-stage.ts';

/** Bytes a second; so slow that a table takes a second: there is time to do something between the first and the last. */
const slowly = 600_000;
const finished = /^(?:exported|copied) "public"\."chapter_/;
const restarted = /^The job starts again: .*snapshot/;
const waits = /The job waits/;

/** The view that a job reads is gone in the middle of its work: its snapshot, or the whole server. */
describe('a source that is lost', { concurrency: true }, () => {
  let stage: FaultStage;
  let target: Side;
  before(async () => {
    stage = await openFaultStage();
    target = await openSide();
  });
  after(async () => {
    await stage?.[Symbol.asyncDispose]();
    await target?.[Symbol.asyncDispose]();
  });

  it('export: another server takes over the address, and finished tables stay with consistency table', async () => {
    await using source = await openSide();
    const expected = await makeLibrary(stage, source, 'moved');
    source.proxy.limit(slowly);
    const id = await stage.start({ kind: 'export', database: 'moved', mode: 'full', consistency: 'table' });
    await stage.line(id, finished);
    await source.server.stop('fast');
    assert.match(
      await stage.line(id, waits),
      new RegExp(`database server (?:at )?127.0.0.1:${source.proxy.port}`, 'i'),
    );
    await using standby = await startPostgres({ copyOf: source.server });
    source.proxy.retarget(standby.port);
    source.proxy.limit(null);
    const lines = await stage.completed(id);
    assert.ok(lines.some((line) => restarted.test(line)));
    assert.equal(lines.filter((line) => finished.test(line)).length, chapters, 'each table once');
    assert.ok(lines.some((line) => /^\d+ files of \d+ finished tables stay as they are\.$/.test(line)));
    await checkSet(stage, target, id, expected);
  });

  for (const kind of ['export', 'copy'] as const) {
    it(`${kind}: the session that holds the snapshot is terminated`, async () => {
      await using source = await openSide();
      const expected = await makeLibrary(stage, source, `lost_by_${kind}`);
      source.proxy.limit(slowly);
      const into = `copy_${kind}`;
      if (kind === 'copy') await stage.makeTarget(target, into);
      const id = await stage.start({
        kind,
        database: `lost_by_${kind}`,
        mode: 'full',
        ...(kind === 'copy' ? { target: into } : {}),
      });
      await stage.line(id, finished);
      await source.server.query(
        'postgres',
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query ~ 'pg_export_snapshot|pumphouse_hold_tables' AND pid <> pg_backend_pid()",
      );
      await stage.line(id, restarted);
      source.proxy.limit(null);
      await stage.completed(id);
      if (kind === 'copy') await checkTarget(target, into, expected);
      else await checkSet(stage, target, id, expected);
    });
  }
});

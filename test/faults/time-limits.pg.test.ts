import { after, before, describe, it } from 'node:test';
import {
  checkSet,
  checkTarget,
  closeGate,
  type FaultStage,
  found,
  makeLibrary,
  openFaultStage,
  openSide,
  type Side,
  type State,
} from './fault-stage.ts';

const mostMs = 200;
/** What administrators set for ordinary users, and a long job would die of. */
const limits = [
  'statement_timeout',
  'lock_timeout',
  'idle_in_transaction_session_timeout',
  'transaction_timeout',
];

describe('time limits of the role and of the database', () => {
  let stage: FaultStage;
  let side: Side;
  let expected: State;
  before(async () => {
    stage = await openFaultStage();
    side = await openSide();
    expected = await makeLibrary(stage, side);
    await side.server.query('postgres', 'CREATE ROLE hurried LOGIN SUPERUSER');
    for (const limit of limits) {
      await side.server.query('postgres', `ALTER ROLE hurried SET ${limit} = '${mostMs}ms'`);
      await side.server.query('postgres', `ALTER DATABASE library SET ${limit} = '${mostMs}ms'`);
      // A role's own setting counts for more than its database's: what the test itself asks may take longer.
      await side.server.query('postgres', `ALTER ROLE postgres SET ${limit} = 0`);
    }
    await side.server.createDatabase('copied');
    await stage.register(side, 'copied', 'hurried');
    await stage.service.request('DELETE', '/api/v1/databases/library');
    await stage.register(side, 'library', 'hurried');
  });
  after(async () => {
    await stage?.[Symbol.asyncDispose]();
    await side?.[Symbol.asyncDispose]();
  });

  it('do not end an export that takes longer', async () => {
    side.proxy.limit(800_000);
    const id = await stage.start({ kind: 'export', database: 'library', mode: 'full' });
    await stage.completed(id);
    side.proxy.limit(null);
    await checkSet(stage, side, id, expected);
  });

  it('do not end a copy that takes longer', async () => {
    await using holder = await closeGate(side.server.url('copied'));
    const id = await stage.start({ kind: 'copy', database: 'library', target: 'copied', mode: 'full' });
    await found(
      side.server,
      'copied',
      `SELECT FROM pg_stat_activity WHERE query ~ 'chapter_gate' AND wait_event_type = 'Lock' AND clock_timestamp() - query_start > ${3 * mostMs} * interval '1 ms'`,
    );
    await holder.open();
    await stage.completed(id);
    await checkTarget(side, 'copied', expected);
  });
});

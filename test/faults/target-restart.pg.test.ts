import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
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

/** The target server crashes while indexes are built, and takes its time to come back. */
describe('a target that dies during index builds', { concurrency: true }, () => {
  let stage: FaultStage;
  let source: Side;
  let expected: State;
  before(async () => {
    stage = await openFaultStage();
    source = await openSide();
    expected = await makeLibrary(stage, source);
  });
  after(async () => {
    await stage?.[Symbol.asyncDispose]();
    await source?.[Symbol.asyncDispose]();
  });

  /** Crashes the server as soon as the job builds the index that `database` keeps from being built. */
  async function crashDuring(target: Side, database: string, start: () => Promise<string>, awayMs: number) {
    const { server } = target;
    await using _holder = await closeGate(server.url(database));
    const id = await start();
    await found(
      server,
      'postgres',
      `SELECT FROM pg_stat_activity WHERE datname = '${database}' AND query ~ 'chapter_gate' AND wait_event_type = 'Lock'`,
    );
    await server.stop('immediate');
    const told = await stage.line(id, /waits/);
    await sleep(awayMs);
    const shown = await stage.shown(id);
    await server.restart();
    const lines = await stage.completed(id);
    return { id, told, shown, lines };
  }

  for (const { kind, awayMs } of [
    { kind: 'import', awayMs: 2_000 },
    { kind: 'copy', awayMs: 15_000 },
  ]) {
    it(`${kind}: the job waits for it and goes on, ${awayMs / 1000} s later`, async () => {
      await using target = await openSide();
      await stage.makeTarget(target, kind);
      if (kind === 'import') {
        await stage.service.run({ kind: 'export', database: 'library', file_pattern: 'LIBRARY' });
      }
      const body =
        kind === 'import'
          ? { kind, database: kind, file_pattern: 'LIBRARY' }
          : { kind, database: 'library', target: kind, mode: 'full' };
      const { told, shown, lines } = await crashDuring(target, kind, () => stage.start(body), awayMs);
      assert.match(
        told,
        new RegExp(
          `database server at 127.0.0.1:${target.proxy.port} .*The job waits, and tries again for \\d+ s\\.`,
        ),
      );
      assert.match(shown, /executing/);
      assert.ok(lines.some((line) => /The job goes on after \d+ s of waiting\./.test(line)));
      await checkTarget(target, kind, expected);
    });
  }
});

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startTcpProxy } from '../harness/tcp-proxy.ts';
import {
  checkConnections,
  checkSet,
  checkTarget,
  type FaultStage,
  makeLibrary,
  openFaultStage,
  openSide,
  type Side,
} from './fault-stage.ts';

/** Bytes a second; so slow that the job is at work when its connections fall silent. */
const slowly = 600_000;
const finished = /^(?:exported|copied) "public"\."chapter_/;

const silent = ({ proxy }: Side): RegExp =>
  new RegExp(
    `The database server 127.0.0.1:${proxy.port} was silent for 30 s, and .*The job waits, and tries again for 180 s\\.$`,
  );

/** Packets get lost and nobody is told. The real times of the service: half a minute for a connection, ten seconds for a new one. */
describe('a network that falls silent', { concurrency: true }, () => {
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

  it('export: the connections to the source', async () => {
    await using source = await openSide();
    const expected = await makeLibrary(stage, source, 'silenced');
    source.proxy.limit(slowly);
    const id = await stage.start({ kind: 'export', database: 'silenced', mode: 'full' });
    await stage.line(id, finished);
    source.proxy.silenceExisting();
    source.proxy.limit(null);
    assert.match(await stage.line(id, /was silent/), silent(source));
    await stage.completed(id);
    // The one that held the snapshot had fallen silent too.
    await checkConnections(source.server, 'silenced');
    await checkSet(stage, target, id, expected);
  });

  it('copy: the connections to the target', async () => {
    await using source = await openSide();
    await using muted = await openSide();
    const expected = await makeLibrary(stage, source, 'heard');
    await stage.makeTarget(muted, 'unheard');
    source.proxy.limit(slowly);
    const id = await stage.start({ kind: 'copy', database: 'heard', target: 'unheard', mode: 'full' });
    await stage.line(id, finished);
    muted.proxy.silenceExisting();
    source.proxy.limit(null);
    assert.match(await stage.line(id, /was silent/), silent(muted));
    await stage.completed(id);
    await checkTarget(muted, 'unheard', expected);
  });

  it('export: a server that accepts connections and says nothing', async () => {
    await using source = await openSide();
    await using mute = await startTcpProxy(source.server.port);
    const expected = await makeLibrary(stage, source, 'mute');
    mute.silence();
    await stage.service.request('DELETE', '/api/v1/databases/mute');
    await stage.register({ ...source, proxy: mute }, 'mute');
    const id = await stage.start({ kind: 'export', database: 'mute', mode: 'full' });
    const told = await stage.line(id, /did not answer/);
    assert.match(told, /127\.0\.0\.1:\d+ did not answer within 10 s/);
    mute.hear();
    await stage.completed(id);
    await checkSet(stage, target, id, expected);
  });
});

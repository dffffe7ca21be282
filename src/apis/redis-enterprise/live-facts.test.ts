import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../core/errors.ts';
import { localAdministrator } from '../../core/permission.ts';
import type { Service } from '../../service/service.ts';
import { createLiveFacts } from './live-facts.ts';

const database = { name: 'harbor', uid: 7, engine: 'redis', url: '', shared: false, createdAt: 0 };
const context = () => ({ caller: localAdministrator, requestId: 'r', signal: new AbortController().signal });
const open = new AbortController().signal;

/** The facts of a database that counts how often it is asked. */
function stage() {
  const state = { asked: 0, now: 0, isThere: true };
  const service: Partial<Service> = {
    async testDatabase() {
      state.asked += 1;
      if (!state.isThere) throw new AppError('database-unreachable', { message: 'Nobody answers.' });
      return { engine: 'redis', serverVersion: 'Redis 8.0.3 (standalone)', findings: [] };
    },
    async inspectDatabase() {
      const table = (bytes: number) => ({ schema: 'db0', name: 'keys', estimate: { rows: 1, bytes } });
      return { tables: [table(100.4), table(20)] } as unknown as Awaited<
        ReturnType<Service['inspectDatabase']>
      >;
    },
  };
  const facts = createLiveFacts(service as Service, { now: () => state.now });
  const look = (isBusy = false, deadline = open) => facts.of(context(), database, isBusy, deadline);
  return { state, look };
}

test('a database is asked once a minute', async () => {
  const { state, look } = stage();
  assert.deepEqual(await look(), { version: '8.0.3', bytes: 120 });
  await look();
  assert.equal(state.asked, 1);
  state.now += 60_000;
  await look();
  assert.equal(state.asked, 2);
});

test('one that works, or comes after the deadline, is left in peace and shows what it told last', async () => {
  const { state, look } = stage();
  assert.deepEqual(await look(true), { version: '', bytes: 0 });
  assert.deepEqual(await look(false, AbortSignal.abort()), { version: '', bytes: 0 });
  assert.equal(state.asked, 0);
  await look();
  state.now += 60_000;
  assert.deepEqual(await look(true), { version: '8.0.3', bytes: 120 });
});

test('one that does not answer is not asked again at once', async () => {
  const { state, look } = stage();
  await look();
  state.now += 60_000;
  state.isThere = false;
  assert.deepEqual(await look(), { version: '8.0.3', bytes: 120 });
  await look();
  assert.equal(state.asked, 2);
});

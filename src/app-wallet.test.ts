import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { access } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { createMemoryLog } from '../test/harness/http-fixture.ts';
import { makeFolder } from '../test/harness/with-folder.ts';
import { type AppWalletOptions, openAppWallet } from './app-wallet.ts';
import { systemClock } from './base/clock.ts';
import { Secret } from './base/secret.ts';
import { AppError } from './core/errors.ts';
import { openSqliteStore } from './store/sqlite-store.ts';

const key = (): Secret => new Secret(randomBytes(32).toString('base64'));

async function openStage() {
  const folder = await makeFolder();
  const { log } = createMemoryLog();
  const store = await openSqliteStore({ path: folder.join('store.sqlite'), clock: systemClock, log });
  return {
    folder,
    open: (
      instance: string,
      walletKey: Secret | null,
      more: { readonly previous?: Secret; readonly isShared?: boolean } = {},
    ) => {
      const parts: AppWalletOptions = {
        file: folder.join(`${instance}.key`),
        options: { walletKey, walletKeyPrevious: more.previous ?? null },
        store,
        isShared: more.isShared ?? true,
      };
      return openAppWallet(parts);
    },
    async [Symbol.asyncDispose]() {
      await store.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

const refusedAs = (code: string) => (error: unknown) =>
  error instanceof AppError && error.code === code && error.field === 'wallet-key';

describe('the wallet of a shared store', () => {
  it('opens with the key of the first instance, and with no other', async () => {
    await using stage = await openStage();
    const shared = key();
    const first = await stage.open('a', shared);
    const second = await stage.open('b', shared);
    assert.equal(second.unseal(first.seal('word')), 'word');
    await assert.rejects(stage.open('c', key()), refusedAs('wallet-mismatch'));
  });

  it('makes no key, not even for the first instance', async () => {
    await using stage = await openStage();
    await assert.rejects(stage.open('a', null), refusedAs('option-invalid'));
    await assert.rejects(access(stage.folder.join('a.key')));
    await stage.open('b', key());
    await assert.rejects(stage.open('a', null), refusedAs('option-invalid'));
    await assert.rejects(access(stage.folder.join('a.key')));
  });

  it('opens with the key before beside a new one, while keys are exchanged', async () => {
    await using stage = await openStage();
    const [before, after] = [key(), key()];
    await stage.open('a', before);
    await assert.rejects(stage.open('b', after), refusedAs('wallet-mismatch'));
    await stage.open('b', after, { previous: before });
  });

  it('asks nothing of a process that has the store for itself', async () => {
    await using stage = await openStage();
    await stage.open('a', key(), { isShared: false });
    await stage.open('a', key(), { isShared: false });
    await stage.open('b', null, { isShared: false });
    await access(stage.folder.join('b.key'));
  });
});

import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { createNetwork } from '../../src/network/create-network.ts';
import { localDriver } from '../../src/storages/local/driver.ts';
import type { Storage, StoragePlace } from '../../src/storages/storage.ts';

/** A place without credential, at `url`; connections go where they like. */
export const placeAt = (url: URL | string, options: StoragePlace['options'] = {}): StoragePlace => ({
  url: new URL(url),
  options,
  credential: null,
  network: createNetwork({ allow: ['0.0.0.0/0', '::/0'] }),
});

/** The storage of a folder, without layers. */
export const bareLocal = (folder: string): Storage =>
  localDriver.open(placeAt(pathToFileURL(path.resolve(folder))));

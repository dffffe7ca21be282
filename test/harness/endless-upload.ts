import { text } from 'node:stream/consumers';
import { Secret } from '../../src/base/secret.ts';
import type { StorageDriver } from '../../src/storages/storage.ts';
import type { DoomedUpload } from './killed-upload.ts';
import { placeAt } from './local-storage.ts';
import { recordingContext } from './recording-context.ts';

/* Run as a process of its own: begins the put that standard input describes, and never ends it. Says "reached" when the bytes were taken. */
const { module, driver, url, options, credential, name, bytes } = JSON.parse(
  await text(process.stdin),
) as DoomedUpload;
const { [driver]: found } = (await import(module)) as Readonly<Record<string, StorageDriver>>;
if (found === undefined) throw new Error(`${module} has no ${driver}.`);
const place = {
  ...placeAt(url, options),
  credential:
    credential === null ? null : { name: 'C', ...credential, secret: new Secret(credential.secret ?? '') },
};
const source = {
  async *open(): AsyncGenerator<Uint8Array> {
    for (let sent = 0; sent < bytes; sent += 256 * 1024) yield Buffer.alloc(256 * 1024, 'x');
    process.stdout.write('reached\n');
    await new Promise((resolve) => setTimeout(resolve, 600_000));
  },
};
await found.open(place).put(name, source, { ifExists: 'fail' }, recordingContext());

import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { RemotePlace } from '../../harness/remote-place.ts';
import { makeFolder } from '../../harness/with-folder.ts';
import { storageLife } from './life.ts';

// The folder is what all other tests of dump sets use: here it is for the campaign alone, `npm run test:kills`.
storageLife('local', openFolder, { lists: true });

async function openFolder(): Promise<RemotePlace> {
  const folder = await makeFolder();
  return {
    locationOf: (base) => pathToFileURL(path.join(folder.path, base)).href,
    credential: null,
    async leftovers() {
      const names = await readdir(folder.path, { recursive: true });
      return names.filter((name) => name.endsWith('.part'));
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

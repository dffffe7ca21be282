import { Secret } from '../../src/base/secret.ts';
import { webdavDriver } from '../../src/storages/webdav/driver.ts';
import { bytesSource } from './byte-sources.ts';
import { placeAt } from './local-storage.ts';
import { recordingContext } from './recording-context.ts';

/* Run as a process of its own: puts a file of some bytes to a WebDAV server. */
const [, , url = '', user = '', password = '', name = ''] = process.argv;
const credential = { name: 'C', type: 'http', id: user, secret: new Secret(password) };
await webdavDriver
  .open({ ...placeAt(url), credential })
  .put(name, bytesSource(Buffer.alloc(100_000, 'x')), { ifExists: 'fail' }, recordingContext());

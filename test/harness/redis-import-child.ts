import { readFile } from 'node:fs/promises';
import { fileUnit, openImport } from './redis-import.ts';

/** An import in a process of its own, to be killed: URL of the target, RDB file, number of keys; `existingRows` or nothing. */
const [url = '', file = '', rows = '0', existing] = process.argv.slice(2);
const rdb = await readFile(file);
await using job = await openImport(url, 'killed');
const options = existing === undefined ? {} : { existingRows: existing as 'skip' | 'replace' };
await job.write(rdb, fileUnit(rdb, Number(rows), options));

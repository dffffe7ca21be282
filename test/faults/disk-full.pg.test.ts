import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { postgresState } from '../harness/postgres-state.ts';
import { giveToServer } from '../harness/server-user.ts';
import { mountSmallDisk } from '../harness/small-disk.ts';
import { makeFolder } from '../harness/with-folder.ts';
import {
  checkTarget,
  type FaultStage,
  makeLibrary,
  openFaultStage,
  openSide,
  type Side,
  type State,
} from './fault-stage.ts';

const run = promisify(execFile);
const megabyte = 1024 * 1024;

/** A disk that has no room left for what a job writes: real file systems, or where the tests may not mount any, the nearest that the system has. */
describe('a full disk', () => {
  let stage: FaultStage;
  let side: Side;
  let expected: State;
  before(async () => {
    stage = await openFaultStage();
    side = await openSide();
    await makeLibrary(stage, side);
    await side.server.query(
      'library',
      "CREATE TABLE appendix AS SELECT g AS id, repeat('x', 4000) AS body FROM generate_series(1, 2000) g",
    );
    expected = await postgresState(side.server, 'library');
  });
  after(async () => {
    await stage?.[Symbol.asyncDispose]();
    await side?.[Symbol.asyncDispose]();
  });

  it('of the storage: the export fails and says where, and a resume goes on when there is room', async () => {
    await using folder = await makeFolder();
    await using disk = await mountSmallDisk(16);
    const at = disk?.path ?? folder.path;
    const limit = (bytes: string) => run('prlimit', [`--fsize=${bytes}`, '--pid', String(stage.service.pid)]);
    // The file of the appendix is larger than files may become.
    if (disk === null) await limit(`${6 * megabyte}:unlimited`);
    else await disk.fill(100 * 1024);

    const location = pathToFileURL(at).href;
    const id = await stage.start({
      kind: 'export',
      database: 'library',
      mode: 'full',
      location,
      compression: 'none',
    });
    const { state, error, name } = await stage.settled(id);
    const shown = await stage.shown(id);
    assert.equal(state, 'failed');
    // Without the right to mount, the file is too large instead.
    assert.equal(error?.code, disk === null ? 'storage-unwritable' : 'storage-full');
    const what =
      disk === null
        ? 'would become larger than the file system takes\\.'
        : 'cannot be written: the disk is full\\. Make room, or choose another location; then resume the job\\.';
    assert.match(shown, new RegExp(`${at}/\\S+ ${what}`));
    const left = await readdir(at, { recursive: true });
    assert.deepEqual(
      left.filter((file) => path.basename(file).startsWith('.')),
      [],
      'half files',
    );
    if (disk === null) await limit('unlimited:unlimited');
    else await disk.makeRoom();

    await stage.resume(id);
    await stage.completed(id);
    const set = { location, file_pattern: name };
    await stage.service.run({ kind: 'verify', ...set });
    await stage.makeTarget(side, 'resumed');
    await stage.service.run({ kind: 'import', database: 'resumed', ...set });
    await checkTarget(side, 'resumed', expected);
  });

  it('of the target: the copy says so, and goes on when there is room', async () => {
    await using disk = await mountSmallDisk(40);
    await side.server.createDatabase('crowded');
    await stage.register(side, 'crowded');
    const { server } = side;
    if (disk === null) {
      // Each command writes to a device that is full.
      await server.query('crowded', fullDevice);
    } else {
      const folder = path.join(disk.path, 'space');
      await mkdir(folder);
      giveToServer(folder);
      await server.query('postgres', `CREATE TABLESPACE small LOCATION '${folder}'`);
      await server.query('postgres', 'ALTER DATABASE crowded SET TABLESPACE small');
      await disk.fill(2 * megabyte);
    }

    const id = await stage.start({ kind: 'copy', database: 'library', target: 'crowded', mode: 'full' });
    const told = await stage.line(id, /No space left/);
    assert.match(
      told,
      new RegExp(
        `Database server 127.0.0.1:${side.proxy.port}: .*Make room on the disk of the database server\\.`,
      ),
    );
    if (disk === null)
      await server.query('crowded', 'DROP EVENT TRIGGER full_device; DROP FUNCTION full_device');
    else await disk.makeRoom();
    await stage.completed(id);
    await checkTarget(side, 'crowded', expected);

    if (disk === null) return;
    await server.query('postgres', 'DROP DATABASE crowded');
    await server.query('postgres', 'DROP TABLESPACE small');
  });
});

const fullDevice = `
CREATE FUNCTION full_device() RETURNS event_trigger LANGUAGE plpgsql
AS $$ BEGIN COPY (SELECT 1) TO '/dev/full'; END $$;
CREATE EVENT TRIGGER full_device ON ddl_command_end WHEN tag IN ('CREATE INDEX') EXECUTE FUNCTION full_device()`;

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the form that parameters have
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import Database from 'better-sqlite3';
import { definitionOf, nodeOf, openRunFixture, type RunFixture } from '../../test/harness/run-fixture.ts';
import { makeFolder, type TestFolder } from '../../test/harness/with-folder.ts';
import type { DefinitionNode, NodeAction } from '../core/definition.ts';
import { sqliteEngine } from '../engines/sqlite/engine.ts';

/* Scripts of runs on SQLite. */

let folder: TestFolder;
let fixture: RunFixture;

before(async () => {
  folder = await makeFolder();
  const databases = { shop: `sqlite:${folder.join('shop.db')}`, twin: `sqlite:${folder.join('twin.db')}` };
  fixture = await openRunFixture({ engines: [{ ...sqliteEngine }], databases });
});
after(async () => {
  await fixture[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

/** Does something to a database in between. */
function inDatabase<T>(name: string, work: (database: Database.Database) => T): T {
  const database = new Database(folder.join(`${name}.db`));
  try {
    return work(database);
  } finally {
    database.close();
  }
}

const days = (name: string) =>
  inDatabase(name, (database) => database.prepare('SELECT day FROM night ORDER BY rowid').pluck().all());
const tables = (name: string) =>
  inDatabase(name, (database) => database.prepare('SELECT name FROM sqlite_schema').pluck().all());

beforeEach(() => {
  for (const name of ['shop', 'twin'])
    inDatabase(name, (database) =>
      database.exec('DROP TABLE IF EXISTS night; DROP TABLE IF EXISTS later; CREATE TABLE night (day TEXT)'),
    );
});

const script = (text: string, connection: string | null = 'shop'): NodeAction => ({
  type: 'sql',
  connection,
  script: { text },
});
const load = (text: string, changes: Partial<DefinitionNode> = {}) => nodeOf('load', script(text), changes);

test('scripts run on the databases of their connections, and leave nothing else behind', async () => {
  const text = "INSERT INTO night VALUES ('${day}');\nINSERT INTO night SELECT day || '!' FROM night;";
  const prepare = nodeOf('prepare', script(text, '${where}'), { after: ['load'] });
  const job = await fixture.run(definitionOf([load(text), prepare]), { day: "O'Neil", where: 'twin' });
  assert.equal(job.state, 'completed', job.error?.message);
  for (const name of ['shop', 'twin']) {
    assert.deepEqual(days(name), ["O'Neil", "O'Neil!"]);
    assert.deepEqual(tables(name), ['night']);
  }
  const log = await fixture.log(job.id);
  assert.ok(
    log.includes('Node load, line 2: INSERT INTO night SELECT day: 1 rows') ||
      log.some((line) => line.startsWith('Node load, line 2: INSERT INTO night')),
    log.join('\n'),
  );
  assert.ok(log.includes('Node load completed on shop: 2 statements, 2 rows.'), log.join('\n'));
  assert.ok(!log.join('\n').includes('Neil'), 'values may be secrets');
});

test('a try after a failure goes on at the statement that failed', async () => {
  const text =
    "INSERT INTO night VALUES ('first');\nINSERT INTO later VALUES (1);\nINSERT INTO night VALUES ('last')";
  const job = await fixture.run(definitionOf([load(text, { retries: 1 })]));
  assert.deepEqual([job.state, job.error?.code], ['failed', 'script-failed']);
  assert.match(job.error?.message ?? '', /^Node load: Line 2: .*later/);
  assert.deepEqual(days('shop'), ['first']);
  inDatabase('shop', (database) => database.exec('CREATE TABLE later (a INTEGER)'));
  await fixture.resume(job.id);
  const resumed = await fixture.reached(job.id);
  assert.equal(resumed.state, 'completed', resumed.error?.message);
  assert.deepEqual(days('shop'), ['first', 'last']);
  assert.deepEqual(tables('shop'), ['night', 'later']);
  assert.equal((await fixture.nodes(job.id))[0]?.tries, 3);
});

test('a transaction of the script is one', async () => {
  const text = "BEGIN; INSERT INTO night VALUES ('first'); INSERT INTO later VALUES (1); COMMIT";
  const job = await fixture.run(definitionOf([load(text)]));
  assert.equal(job.state, 'failed');
  assert.deepEqual(days('shop'), []);
});

test('no value becomes a statement', async () => {
  for (const [text, value] of [
    ["INSERT INTO night VALUES ('${v}')", "x'); DROP TABLE night; --"],
    ['INSERT INTO night SELECT ${v}', '1; DROP TABLE night'],
    ['DELETE FROM night WHERE day = ${v}', 'day OR 1=1'],
    ["INSERT INTO night VALUES ('a')\n-- ${v}", '\n; DROP TABLE night'],
  ] as const) {
    await fixture.run(definitionOf([load(text)]), { v: value });
    assert.ok(tables('shop').includes('night'), text);
  }
  assert.deepEqual(days('shop'), ["x'); DROP TABLE night; --", 'a']);
});

test('a script that cannot be read does nothing, and a cancelled run leaves no receipts', async () => {
  const job = await fixture.run(
    definitionOf([load("INSERT INTO night VALUES ('first'); INSERT INTO later;")]),
  );
  assert.equal(job.error?.code, 'script-invalid', job.error?.message);
  assert.deepEqual(days('shop'), []);
  const other = await fixture.run(
    definitionOf([load("INSERT INTO night VALUES ('first'); INSERT INTO later VALUES (1)")]),
  );
  assert.equal(other.state, 'failed');
  assert.notDeepEqual(tables('shop'), ['night'], 'receipts are there');
  await fixture.cancel(other.id);
  assert.equal((await fixture.reached(other.id, 'cancelled')).state, 'cancelled');
  // Runs that failed, and may be resumed, have theirs.
  const kept = inDatabase('shop', (database) =>
    database.prepare('SELECT count(*) FROM _pumphouse_receipt WHERE job_id = ?').pluck().get(other.id),
  );
  assert.equal(kept, 0);
});

test('a connection that the run does not know is told', async () => {
  const job = await fixture.run(definitionOf([nodeOf('load', script('SELECT 1', 'elsewhere'))]));
  assert.deepEqual(
    [job.error?.code, job.error?.message],
    ['definition-invalid', 'The node load names a connection that the run does not know.'],
  );
});

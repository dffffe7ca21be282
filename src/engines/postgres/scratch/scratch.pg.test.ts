import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import pg from 'pg';
import { quietContext } from '../../../../test/conformance/transfer.ts';
import { type PostgresServer, postgresVersions, startPostgres } from '../../../../test/harness/postgres.ts';
import type { Engine, EngineTarget, ScratchDatabases } from '../../engine.ts';
import { createPostgresEngine } from '../engine.ts';

const context = quietContext();
/** `PUMPHOUSE_TEST_ALL_VERSIONS=1` tries every server that there is, since the catalogues of locales differ, and what takes its time. */
const isCampaign = process.env.PUMPHOUSE_TEST_ALL_VERSIONS === '1';
const versions = isCampaign ? postgresVersions : ([18] as const);

for (const version of versions) {
  describe(`scratch databases of PostgreSQL ${version}`, () => {
    let server: PostgresServer;
    let engine: Engine;
    let scratch: ScratchDatabases;

    before(async () => {
      server = await startPostgres({ version, settings: { max_prepared_transactions: '2' } });
      engine = createPostgresEngine();
      scratch = engine.scratch as ScratchDatabases;
      await server.query(
        'postgres',
        `CREATE ROLE keeper LOGIN CREATEDB; CREATE ROLE guest LOGIN; CREATE ROLE "other ""one""" LOGIN`,
      );
    });
    after(() => server?.[Symbol.asyncDispose]());

    let count = 0;
    const nameOf = (word: string): string => `${word}_${++count}`;
    const targetOf = (name: string, user = 'postgres'): EngineTarget =>
      engine.parseUrl(server.url(name).replace('//postgres', `//${user}`));
    const holds = async (name: string): Promise<unknown> =>
      (await server.query(name, 'SELECT word FROM content'))[0]?.word;
    const exists = async (name: string): Promise<boolean> =>
      (await server.query('postgres', `SELECT FROM pg_database WHERE datname = '${name}'`)).length > 0;
    /** A database with its word in it. */
    const database = async (options = ''): Promise<string> => {
      const name = nameOf('live');
      await server.query('postgres', `CREATE DATABASE "${name}" ${options}`);
      await server.query(name, `CREATE TABLE content AS SELECT 'live'::text AS word`);
      return name;
    };
    const freshBeside = async (live: EngineTarget): Promise<EngineTarget> => {
      const fresh = await scratch.make(live, nameOf('fresh'), context);
      await server.query(String(fresh.database), `CREATE TABLE content AS SELECT 'fresh'::text AS word`);
      return fresh;
    };
    const likeness = async (name: string): Promise<unknown> => {
      const [row] = await server.query(
        'postgres',
        `SELECT to_jsonb(d) - '{oid,datname,datfrozenxid,datminmxid,datacl}'::text[] AS facts FROM pg_database d WHERE datname = '${name}'`,
      );
      return row?.facts;
    };
    /** What belongs to the database and moves with a swap. */
    const settings = async (name: string): Promise<unknown> =>
      server.query(
        'postgres',
        `SELECT pg_get_userbyid(datdba) AS owner, datconnlimit AS limit, datallowconn AS open,
           shobj_description(d.oid, 'pg_database') AS comment,
           (SELECT array_agg(e::text ORDER BY e::text) FROM unnest(datacl) e) AS acl,
           (SELECT array_agg(concat(setrole::regrole, ' ', setconfig) ORDER BY 1) FROM pg_db_role_setting WHERE setdatabase = d.oid) AS settings
         FROM pg_database d WHERE datname = '${name}'`,
      );

    it('are like the one they are made from, empty, and made once', async () => {
      const live = await database(
        `OWNER keeper TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'`,
      );
      const name = nameOf('fresh');
      const fresh = await scratch.make(targetOf(live), name, context);
      assert.deepEqual(JSON.parse(JSON.stringify(fresh)), fresh);
      assert.equal(engine.describe(fresh), engine.describe(targetOf(name)));
      assert.deepEqual(await likeness(name), await likeness(live));
      assert.deepEqual(
        await server.query(name, `SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace`),
        [],
      );
      await server.query(name, 'CREATE TABLE kept ()');
      assert.deepEqual(await scratch.make(targetOf(live), name, context), fresh);
      await server.query(name, 'SELECT FROM kept');
    });

    // Older ones know libc alone.
    if (version >= 15) {
      it('have the locale of another provider too', async () => {
        const icu = await database(`TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'de' LOCALE 'C'`);
        const others =
          version < 17
            ? []
            : [await database(`TEMPLATE template0 LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'`)];
        const ruled =
          version < 16
            ? []
            : [
                await database(
                  `TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'und' ICU_RULES '&a < g' LOCALE 'C'`,
                ),
              ];
        for (const live of [icu, ...others, ...ruled]) {
          const name = nameOf('fresh');
          await scratch.make(targetOf(live), name, context);
          assert.deepEqual(await likeness(name), await likeness(live));
        }
      });
    }

    it('are made by who may not give them to the owner, and then are his', async () => {
      const live = await database();
      const name = nameOf('fresh');
      await scratch.make(targetOf(live, 'keeper'), name, context);
      assert.deepEqual(
        await server.query(
          'postgres',
          `SELECT datdba::regrole::text AS owner FROM pg_database WHERE datname = '${name}'`,
        ),
        [{ owner: 'keeper' }],
      );
      await assert.rejects(scratch.make(targetOf(live, 'guest'), nameOf('fresh'), context), {
        code: 'database-privilege',
      });
    });

    it('are dropped with who is in them, and a second time', async () => {
      const live = await database();
      const fresh = await freshBeside(targetOf(live));
      const guest = new pg.Client({ connectionString: server.url(String(fresh.database)) });
      const ended = new Promise((resolve) => guest.on('error', resolve));
      await guest.connect();
      await scratch.drop(fresh, context);
      await ended;
      assert.equal(await exists(String(fresh.database)), false);
      await scratch.drop(fresh, context);
      await assert.rejects(scratch.drop(targetOf(live), context), { code: 'internal' });
      assert.equal(await holds(live), 'live');
    });

    it('take the place of another with everything that belongs to it', async () => {
      const live = await database('OWNER keeper');
      await server.query(
        'postgres',
        `ALTER DATABASE ${live} SET search_path TO "$user", public, "a b"; ALTER DATABASE ${live} SET work_mem TO '5MB';
         ALTER DATABASE ${live} SET "app.word" TO 'it''s \\ so'; ALTER ROLE guest IN DATABASE ${live} SET work_mem TO '6MB';
         ALTER DATABASE ${live} CONNECTION LIMIT 17; COMMENT ON DATABASE ${live} IS 'it''s ours';
         REVOKE ALL ON DATABASE ${live} FROM PUBLIC; GRANT CONNECT ON DATABASE ${live} TO guest WITH GRANT OPTION;
         SET ROLE guest; GRANT CONNECT ON DATABASE ${live} TO "other ""one"""; RESET ROLE;
         REVOKE TEMPORARY ON DATABASE ${live} FROM keeper`,
      );
      const before = await settings(live);
      const fresh = await freshBeside(targetOf(live));
      const oldName = nameOf('old');
      const old = await scratch.swap(targetOf(live), fresh, oldName, context);
      assert.equal(engine.describe(old), engine.describe(targetOf(oldName)));
      assert.deepEqual(await settings(live), before);
      assert.deepEqual(await settings(oldName), before);
      assert.deepEqual([await holds(live), await holds(oldName)], ['fresh', 'live']);
      assert.equal(await exists(String(fresh.database)), false);
      // Repeatable, and what was replaced can be dropped.
      assert.deepEqual(await scratch.swap(targetOf(live), fresh, oldName, context), old);
      assert.equal(await holds(live), 'fresh');
      await scratch.drop(old, context);
      assert.equal(await exists(oldName), false);
    });

    it('let nobody stay, and who comes again and again finds the one or the other', async () => {
      const live = await database();
      const fresh = await freshBeside(targetOf(live));
      const guest = new pg.Client({ connectionString: server.url(live) });
      const ended = new Promise((wake) => guest.on('error', wake));
      await guest.connect();
      let swapped = false;
      const seen: unknown[] = [];
      const visit = async (): Promise<void> => {
        while (!swapped || seen.at(-1) !== 'fresh') {
          const visitor = new pg.Client({ connectionString: server.url(live) });
          visitor.on('error', () => undefined);
          try {
            await visitor.connect();
            for (let look = 0; look < 20; look++) {
              seen.push((await visitor.query('SELECT word FROM content')).rows[0]?.word);
            }
          } catch {
            // Put out, or too late at the door: it comes again.
          }
          await visitor.end().catch(() => undefined);
        }
      };
      const visitors = Array.from({ length: 4 }, visit);
      while (seen.length === 0) await setImmediate();
      await scratch.swap(targetOf(live), fresh, nameOf('old'), context);
      swapped = true;
      await Promise.all([...visitors, ended]);
      assert.deepEqual(new Set(seen), new Set(['live', 'fresh']));
      // Each may have had an answer under way.
      assert.ok(
        seen.slice(seen.indexOf('fresh')).filter((word) => word === 'live').length <= visitors.length,
      );
    });

    it('leave everything as it was when the session dies in the middle, and go on then', async () => {
      for (const step of ['first', 'second']) {
        const live = await database();
        const fresh = await freshBeside(targetOf(live));
        const oldName = nameOf('old');
        // A lock on the database that the step needs holds the swap there until its session is killed.
        const held = step === 'first' ? live : fresh.database;
        const holder = new pg.Client({ connectionString: server.url() });
        await holder.connect();
        await holder.query(`BEGIN; COMMENT ON DATABASE ${held} IS 'held'`);
        const swapping = scratch.swap(targetOf(live), fresh, oldName, context);
        const watched = assert.rejects(swapping, { temporary: true });
        for (;;) {
          const killed = await server.query(
            'postgres',
            `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE query LIKE 'ALTER DATABASE "${held}"%' AND wait_event_type = 'Lock'`,
          );
          if (killed.length > 0) break;
        }
        await watched;
        await holder.query('ROLLBACK');
        await holder.end();
        assert.deepEqual([await holds(live), await holds(String(fresh.database))], ['live', 'fresh']);
        assert.equal(await exists(oldName), false);
        await scratch.swap(targetOf(live), fresh, oldName, context);
        assert.deepEqual([await holds(live), await holds(oldName)], ['fresh', 'live']);
      }
    });

    it('say what is in the way of a swap', async () => {
      const live = await database();
      const fresh = await freshBeside(targetOf(live));
      await server.query(live, `BEGIN; CREATE TABLE pending (); PREPARE TRANSACTION 'waits'`);
      await assert.rejects(scratch.swap(targetOf(live), fresh, nameOf('old'), context), {
        code: 'database-locked',
        temporary: true,
        message: /in use: prepared transaction waits\./,
      });
      await server.query(live, `ROLLBACK PREPARED 'waits'`);
      const taken = await database();
      await assert.rejects(scratch.swap(targetOf(live), fresh, taken, context), { code: 'object-exists' });
      await scratch.drop(fresh, context);
      await assert.rejects(scratch.swap(targetOf(live), fresh, nameOf('old'), context), {
        code: 'database-missing',
      });
      assert.equal(await holds(live), 'live');
    });

    // The server waits for five seconds.
    if (isCampaign) {
      it('say whose session is in the way that the user may not end', async () => {
        const live = await database('OWNER keeper');
        const target = targetOf(live, 'keeper');
        const fresh = await scratch.make(target, nameOf('fresh'), context);
        const stranger = new pg.Client({ connectionString: server.url(live) });
        await stranger.connect();
        await assert.rejects(scratch.swap(target, fresh, nameOf('old'), context), {
          code: 'database-locked',
          message: /in use: session \d+ of postgres\./,
        });
        await stranger.end();
      });
    }

    it('need no other database than one that the user may enter', async () => {
      const live = await database('OWNER keeper');
      const door = await database('OWNER keeper');
      await server.query('postgres', 'REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC');
      try {
        const target = targetOf(live, 'keeper');
        const fresh = await scratch.make(target, nameOf('fresh'), context);
        const old = await scratch.swap(target, fresh, nameOf('old'), context);
        await scratch.drop(old, context);
        assert.equal(await holds(door), 'live');
      } finally {
        await server.query('postgres', 'GRANT CONNECT ON DATABASE postgres, template1 TO PUBLIC');
      }
    });

    it('stop when nobody wants the result any more', async () => {
      const live = await database();
      const fresh = await freshBeside(targetOf(live));
      const holder = new pg.Client({ connectionString: server.url() });
      await holder.connect();
      await holder.query(`BEGIN; COMMENT ON DATABASE ${live} IS 'held'`);
      const controller = new AbortController();
      const swapping = scratch.swap(targetOf(live), fresh, nameOf('old'), quietContext(controller.signal));
      const refused = assert.rejects(swapping, { code: 'aborted' });
      while (
        (
          await server.query(
            'postgres',
            `SELECT FROM pg_stat_activity WHERE query LIKE 'ALTER DATABASE%' AND wait_event_type = 'Lock'`,
          )
        ).length === 0
      )
        await setImmediate();
      controller.abort();
      await refused;
      await holder.end();
      assert.deepEqual([await holds(live), await holds(String(fresh.database))], ['live', 'fresh']);
    });
  });
}

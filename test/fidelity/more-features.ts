import type { PostgresVersion } from '../harness/server-binaries.ts';

const longName = `a name that is as long as a name can be, to the last byte: ${'x'.repeat(4)}`;

/** Roles of {@link moreFeatures}, beyond those of the feature schema; of the whole server. */
export const moreRoles = `
CREATE ROLE crew NOLOGIN;
CREATE ROLE boss LOGIN CREATEDB CREATEROLE CONNECTION LIMIT 3 PASSWORD 'not carried' VALID UNTIL '2031-02-03 04:05:06+00' IN ROLE crew;
CREATE ROLE "Odd ""Role""" NOINHERIT IN ROLE boss ROLE app_owner;
GRANT pg_monitor TO crew;
GRANT crew TO app_owner WITH ADMIN OPTION;
ALTER ROLE crew SET search_path = "$user", more, 'With Blank';
ALTER ROLE crew SET work_mem = '9MB';
ALTER ROLE boss SET "my.setting" = 'it''s';
ALTER ROLE boss SET search_path = '';
COMMENT ON ROLE crew IS 'those who don''t own';`;

/** A type whose values were added later, which others can use in another transaction only. */
export const moreTypes = `
CREATE SCHEMA more AUTHORIZATION crew;
CREATE TYPE more.kind AS ENUM ('b', 'd');
ALTER TYPE more.kind ADD VALUE 'a' BEFORE 'b';
ALTER TYPE more.kind ADD VALUE 'c' AFTER 'b';`;

/** What the feature schema has not: rarer kinds of objects, options and states, in the schema `more`. Run {@link moreRoles} and {@link moreTypes} first. */
export const moreFeatures = (version: PostgresVersion): string => {
  const since = (first: PostgresVersion, sql: string): string => (version >= first ? sql : '');
  return `
SET check_function_bodies = off;
CREATE SCHEMA "${longName}";
CREATE EXTENSION btree_gist WITH SCHEMA more;
CREATE EXTENSION citext;
CREATE EXTENSION postgres_fdw;
CREATE EXTENSION pg_trgm WITH SCHEMA more;
COMMENT ON EXTENSION citext IS 'another comment than its own';
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO crew WITH GRANT OPTION;

-- a base type with everything that hangs on it
CREATE TYPE more.whole;
CREATE FUNCTION more.whole_in(cstring) RETURNS more.whole LANGUAGE internal IMMUTABLE STRICT AS 'int4in';
CREATE FUNCTION more.whole_out(more.whole) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out';
CREATE TYPE more.whole (INPUT = more.whole_in, OUTPUT = more.whole_out, LIKE = integer, CATEGORY = 'N', DEFAULT = '7');
CREATE FUNCTION more.less(more.whole, more.whole) RETURNS boolean LANGUAGE internal IMMUTABLE STRICT AS 'int4lt';
CREATE FUNCTION more.more(more.whole, more.whole) RETURNS boolean LANGUAGE internal IMMUTABLE STRICT AS 'int4gt';
CREATE FUNCTION more.same(more.whole, more.whole) RETURNS boolean LANGUAGE internal IMMUTABLE STRICT AS 'int4eq';
CREATE FUNCTION more.compare(more.whole, more.whole) RETURNS integer LANGUAGE internal IMMUTABLE STRICT AS 'btint4cmp';
CREATE OPERATOR more.< (LEFTARG = more.whole, RIGHTARG = more.whole, FUNCTION = more.less, COMMUTATOR = OPERATOR(more.>), RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR more.> (LEFTARG = more.whole, RIGHTARG = more.whole, FUNCTION = more.more, COMMUTATOR = OPERATOR(more.<));
CREATE OPERATOR more.= (LEFTARG = more.whole, RIGHTARG = more.whole, FUNCTION = more.same, COMMUTATOR = OPERATOR(more.=), HASHES, MERGES);
CREATE OPERATOR more.!! (RIGHTARG = more.whole, FUNCTION = more.whole_out);
COMMENT ON OPERATOR more.< (more.whole, more.whole) IS 'less';
CREATE OPERATOR FAMILY more.wholes USING btree;
CREATE OPERATOR CLASS more.whole_ops DEFAULT FOR TYPE more.whole USING btree FAMILY more.wholes AS
  OPERATOR 1 more.<, OPERATOR 3 more.=, OPERATOR 5 more.>, FUNCTION 1 more.compare(more.whole, more.whole);
ALTER OPERATOR FAMILY more.wholes USING btree ADD FUNCTION 1 (more.whole, integer) btint4cmp(integer, integer);
COMMENT ON OPERATOR CLASS more.whole_ops USING btree IS 'class';
COMMENT ON OPERATOR FAMILY more.wholes USING btree IS 'family';
CREATE CAST (more.whole AS integer) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (more.whole AS text) WITH INOUT;
COMMENT ON CAST (more.whole AS integer) IS 'the same bits';
CREATE ACCESS METHOD gist2 TYPE INDEX HANDLER gisthandler;
CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler;
COMMENT ON ACCESS METHOD gist2 IS 'another';
CREATE TRANSFORM FOR integer LANGUAGE sql (FROM SQL WITH FUNCTION prsd_lextype(internal), TO SQL WITH FUNCTION int4recv(internal));
CREATE TEXT SEARCH PARSER more.parser (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype, HEADLINE = prsd_headline);
CREATE TEXT SEARCH TEMPLATE more.template (INIT = dsimple_init, LEXIZE = dsimple_lexize);
CREATE TEXT SEARCH DICTIONARY more.words (TEMPLATE = more.template, STOPWORDS = 'english');
CREATE TEXT SEARCH CONFIGURATION more.search (COPY = pg_catalog.english);
ALTER TEXT SEARCH CONFIGURATION more.search ALTER MAPPING FOR asciiword WITH more.words, english_stem;
ALTER TEXT SEARCH CONFIGURATION more.search OWNER TO crew;
COMMENT ON TEXT SEARCH PARSER more.parser IS 'parser';
COMMENT ON TEXT SEARCH TEMPLATE more.template IS 'template';
COMMENT ON TEXT SEARCH DICTIONARY more.words IS 'words';
COMMENT ON TEXT SEARCH CONFIGURATION more.search IS 'search';
CREATE DEFAULT CONVERSION more.latin FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
COMMENT ON CONVERSION more.latin IS 'latin';

-- types on types
CREATE DOMAIN more.small AS integer CONSTRAINT small CHECK (VALUE < 1000);
CREATE DOMAIN more.tiny AS more.small DEFAULT 3 CONSTRAINT tiny CHECK (VALUE < 10);
CREATE DOMAIN more.wholes_d AS more.whole[] NOT NULL;
CREATE TYPE more.empty_enum AS ENUM ();
CREATE TYPE more.empty_row AS ();
CREATE TYPE more.part AS (k more.kind, t more.tiny[], at timestamptz(3), n numeric(10, 2));
CREATE TYPE more.wide AS (p more.part, ps more.part[]);
CREATE FUNCTION more.gap(more.small, more.small) RETURNS double precision LANGUAGE sql IMMUTABLE AS 'SELECT ($2 - $1)::float8';
CREATE TYPE more.span AS RANGE (SUBTYPE = more.small, SUBTYPE_DIFF = more.gap${since(14, ', MULTIRANGE_TYPE_NAME = more.spans')});
CREATE TYPE more.texts AS RANGE (SUBTYPE = text, COLLATION = "C");
CREATE COLLATION more.posix FROM "POSIX";
COMMENT ON TYPE more.part IS 'part';
COMMENT ON DOMAIN more.small IS 'small';
COMMENT ON COLLATION more.posix IS 'posix';
GRANT USAGE ON TYPE more.part TO crew WITH GRANT OPTION;
REVOKE USAGE ON TYPE more.small FROM PUBLIC;

-- routines
CREATE FUNCTION more.table_of(n integer, VARIADIC more text[] DEFAULT '{}') RETURNS TABLE (a integer, "B c" text)
  LANGUAGE sql STABLE STRICT LEAKPROOF PARALLEL SAFE COST 5 ROWS 12 SECURITY DEFINER SET work_mem TO '5MB' AS 'SELECT 1, ''x''';
CREATE FUNCTION more.any_of(anyelement, INOUT x anyarray, OUT y integer) LANGUAGE plpgsql CALLED ON NULL INPUT AS 'BEGIN END';
CREATE FUNCTION more.rank() RETURNS bigint LANGUAGE internal WINDOW IMMUTABLE STRICT AS 'window_rank';
CREATE PROCEDURE more.proc(${since(14, 'OUT b text, ')}IN a integer DEFAULT 5) LANGUAGE plpgsql SECURITY DEFINER SET search_path TO more, pg_temp AS 'BEGIN END';
COMMENT ON PROCEDURE more.proc IS 'procedure';
REVOKE ALL ON PROCEDURE more.proc FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE more.proc TO crew;
CREATE AGGREGATE more.middle(VARIADIC "any" ORDER BY VARIADIC "any") (SFUNC = ordered_set_transition_multi, STYPE = internal, FINALFUNC = rank_final, FINALFUNC_EXTRA, HYPOTHETICAL);
CREATE AGGREGATE more.fast(integer) (SFUNC = int4_sum, STYPE = bigint, MSFUNC = int4_avg_accum, MINVFUNC = int4_avg_accum_inv, MSTYPE = bigint[], MFINALFUNC = int2int4_sum, MINITCOND = '{0,0}', PARALLEL = SAFE, SORTOP = <);
CREATE FUNCTION more.row_count() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM more.hub';

-- sequences
CREATE SEQUENCE more.down AS smallint INCREMENT -3 MINVALUE -300 MAXVALUE -1 START -5 CACHE 4 CYCLE;
SELECT nextval('more.down'), nextval('more.down');
CREATE SEQUENCE more.fresh;
${since(15, 'CREATE UNLOGGED SEQUENCE more.fleeting;')}
COMMENT ON SEQUENCE more.down IS 'down';
ALTER SEQUENCE more.down OWNER TO crew;

-- tables
CREATE TABLE more.nothing ();
CREATE TABLE more.shrunk (a integer, gone text, b text DEFAULT 'x', also_gone integer);
INSERT INTO more.shrunk VALUES (1, 'gone', 'stays', 5), (2, 'gone', E'tab\\tand \\\\N', 6);
ALTER TABLE more.shrunk DROP COLUMN gone, DROP COLUMN also_gone;
ALTER TABLE more.shrunk ADD COLUMN late integer NOT NULL DEFAULT 42;
CREATE TABLE more.emptied (gone integer);
INSERT INTO more.emptied VALUES (1), (2);
ALTER TABLE more.emptied DROP COLUMN gone;
CREATE TABLE "${longName}"."${longName}" ("${longName}" integer CONSTRAINT "${longName.slice(1)}" PRIMARY KEY, "a.b" text, """" text, "日本語 \u{1F600}" text);
INSERT INTO "${longName}"."${longName}" VALUES (1, '\u{1F600}', NULL, '');
CREATE TABLE more.hub (
  id integer GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME more."hub ids" START 10 INCREMENT 10 MINVALUE 10 CACHE 2) CONSTRAINT hub_key PRIMARY KEY,
  code citext UNIQUE DEFERRABLE INITIALLY DEFERRED,
  w more.whole DEFAULT '3', k more.kind DEFAULT 'c', p more.part, wide more.wide, t more.tiny, span more.span, texts more.texts,
  body text${since(16, ' STORAGE EXTERNAL')}${since(14, ' COMPRESSION pglz')},
  area box, during tstzrange,
  up text GENERATED ALWAYS AS (upper(body)) STORED,
  CONSTRAINT overlap EXCLUDE USING gist (id WITH =, during WITH &&) WHERE (area IS NOT NULL) DEFERRABLE INITIALLY DEFERRED,
  CONSTRAINT never CHECK (id > 0) NO INHERIT
) WITH (fillfactor = 80, autovacuum_enabled = off, toast.autovacuum_enabled = off, parallel_workers = 3, toast_tuple_target = 512);
ALTER TABLE more.hub ALTER body SET STORAGE EXTERNAL;
ALTER TABLE more.hub ALTER k SET (n_distinct = 4, n_distinct_inherited = -0.5);
INSERT INTO more.hub (code, k, p, wide, t, span, texts, body, area, during)
SELECT 'c' || i, (ARRAY['a','b','c','d'])[i % 4 + 1]::more.kind, '(b,"{1,2,NULL}","2024-01-02 03:04:05.678+00",1.5)',
  '("(a,,,)",{})', i % 10, '[1,5)', '[a,b]', repeat(i || ' ', i), '(1,1),(0,0)', tstzrange('2024-01-01'::timestamptz + i * '1 day'::interval, NULL)
FROM generate_series(1, 300) i;
CREATE TABLE more.spoke (id integer PRIMARY KEY, hub integer, back integer, kind more.kind,
  CONSTRAINT to_hub FOREIGN KEY (hub) REFERENCES more.hub MATCH FULL ON UPDATE CASCADE ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED);
ALTER TABLE more.hub ADD COLUMN first_spoke integer CONSTRAINT to_spoke REFERENCES more.spoke DEFERRABLE;
INSERT INTO more.spoke SELECT i, i * 10, NULL, 'a' FROM generate_series(1, 50) i;
UPDATE more.hub SET first_spoke = id / 10 WHERE id <= 500;
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE more.spoke ADD CONSTRAINT back FOREIGN KEY (back) REFERENCES more.spoke NOT VALID;
${since(15, 'ALTER TABLE more.spoke ADD CONSTRAINT part_null FOREIGN KEY (hub) REFERENCES more.hub ON DELETE SET NULL (hub); CREATE UNIQUE INDEX no_twins ON more.spoke (kind, id) NULLS NOT DISTINCT;')}
COMMENT ON CONSTRAINT to_hub ON more.spoke IS 'to the hub';
CREATE INDEX trigrams ON more.hub USING gin (body more.gin_trgm_ops) WITH (fastupdate = off);
CREATE INDEX sign ON more.hub USING gist (body more.gist_trgm_ops (siglen = 32));
CREATE INDEX wholes ON more.hub (w DESC NULLS LAST, (lower(body)) COLLATE "C" text_pattern_ops) WITH (fillfactor = 55);
ALTER INDEX more.wholes ALTER COLUMN 2 SET STATISTICS 321;
CREATE INDEX block_range ON more.hub USING brin (id) WITH (pages_per_range = 8, autosummarize = on);
CREATE INDEX by_hash ON more.hub USING hash (body);
CREATE INDEX points ON more.hub USING spgist (area);
CREATE OPERATOR CLASS more.boxes DEFAULT FOR TYPE box USING gist2 AS OPERATOR 1 <<, OPERATOR 3 &&,
  FUNCTION 1 gist_box_consistent(internal, box, smallint, oid, internal), FUNCTION 2 gist_box_union(internal, internal),
  FUNCTION 5 gist_box_penalty(internal, internal, internal), FUNCTION 6 gist_box_picksplit(internal, internal), FUNCTION 7 gist_box_same(box, box, internal);
CREATE INDEX second_am ON more.hub USING gist2 (area);
CREATE STATISTICS more.both (ndistinct, mcv) ON k, t FROM more.hub;
ALTER STATISTICS more.both SET STATISTICS 77;
COMMENT ON STATISTICS more.both IS 'both';
${since(14, 'CREATE STATISTICS more.expressions ON (lower(body)), (t + 1) FROM more.hub;')}
CREATE TABLE more.other_am (a integer) USING heap2;
CREATE TABLE more.identity_full (a integer) ;
ALTER TABLE more.identity_full REPLICA IDENTITY FULL;
ALTER TABLE more.shrunk REPLICA IDENTITY NOTHING;

-- inheritance
CREATE TABLE more.mother (a integer NOT NULL DEFAULT 1, b text, CONSTRAINT checked CHECK (a > 0));
CREATE TABLE more.father (b text, c integer DEFAULT 5);
CREATE TABLE more.kid (d integer, a integer DEFAULT 2) INHERITS (more.mother, more.father);
CREATE TABLE more.grandkid () INHERITS (more.kid) WITH (fillfactor = 60);
ALTER TABLE ONLY more.grandkid ALTER c DROP DEFAULT;
ALTER TABLE more.grandkid ADD CONSTRAINT own CHECK (d < 100);
INSERT INTO more.mother VALUES (1, 'm'); INSERT INTO more.kid VALUES (2, 'k', 3, 4); INSERT INTO more.grandkid VALUES (5, 'g', 6, 7);

-- partitions
CREATE TABLE more.log (id bigint, at timestamptz NOT NULL, region text, body text DEFAULT 'parent') PARTITION BY RANGE (at, id);
CREATE TABLE more.log_old PARTITION OF more.log (body DEFAULT 'child', CONSTRAINT short CHECK (length(body) < 50)) FOR VALUES FROM (MINVALUE, MINVALUE) TO ('2024-01-01', 0);
CREATE TABLE more.log_new PARTITION OF more.log FOR VALUES FROM ('2024-01-01', 0) TO (MAXVALUE, MAXVALUE) PARTITION BY LIST (lower(region));
CREATE TABLE more.log_new_eu PARTITION OF more.log_new FOR VALUES IN ('eu', NULL) PARTITION BY HASH (id);
CREATE TABLE more.log_new_eu_0 PARTITION OF more.log_new_eu FOR VALUES WITH (MODULUS 2, REMAINDER 0) WITH (fillfactor = 90);
CREATE UNLOGGED TABLE more.log_new_eu_1 (body text, dropped integer, region text, at timestamptz NOT NULL, id bigint);
ALTER TABLE more.log_new_eu_1 DROP COLUMN dropped;
ALTER TABLE more.log_new_eu ATTACH PARTITION more.log_new_eu_1 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE more.log_new_rest PARTITION OF more.log_new DEFAULT;
CREATE TABLE more.log_empty (k integer) PARTITION BY LIST (k);
CREATE INDEX log_at ON more.log (at);
CREATE INDEX log_only ON ONLY more.log (body);
CREATE INDEX old_body ON more.log_old (body);
ALTER INDEX more.log_only ATTACH PARTITION more.old_body;
ALTER TABLE more.log_old ADD CONSTRAINT log_old_key PRIMARY KEY (id, at);
INSERT INTO more.log SELECT i, '2023-12-01'::timestamptz + i * '1 hour'::interval, (ARRAY['EU', NULL, 'us'])[i % 3 + 1], i::text FROM generate_series(1, 2000) i;
CREATE FUNCTION more.trig() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER on_log AFTER INSERT ON more.log FOR EACH ROW EXECUTE FUNCTION more.trig();
ALTER TABLE more.log_old DISABLE TRIGGER on_log;

-- triggers, rules, policies
CREATE TRIGGER stmt AFTER UPDATE OR DELETE ON more.hub FOR EACH STATEMENT EXECUTE FUNCTION more.trig('a', 'it''s', '');
CREATE TRIGGER transit AFTER INSERT ON more.hub REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION more.trig();
CREATE TRIGGER on_replica BEFORE TRUNCATE ON more.hub EXECUTE FUNCTION more.trig();
CREATE TRIGGER always AFTER UPDATE OF body, k ON more.hub FOR EACH ROW WHEN (old.* IS DISTINCT FROM new.*) EXECUTE FUNCTION more.trig();
CREATE CONSTRAINT TRIGGER guard AFTER UPDATE ON more.spoke FROM more.hub NOT DEFERRABLE FOR EACH ROW EXECUTE FUNCTION more.trig();
ALTER TABLE more.hub ENABLE REPLICA TRIGGER on_replica;
ALTER TABLE more.hub ENABLE ALWAYS TRIGGER always;
CREATE RULE silent AS ON DELETE TO more.spoke WHERE old.id < 0 DO INSTEAD NOTHING;
ALTER TABLE more.spoke DISABLE RULE silent;
COMMENT ON RULE silent ON more.spoke IS 'silent';
CREATE POLICY every ON more.spoke AS RESTRICTIVE FOR UPDATE TO crew USING (true) WITH CHECK (id IN (SELECT h.first_spoke FROM more.hub h));
CREATE POLICY mine ON more.spoke FOR ALL USING (current_user = 'boss');
COMMENT ON POLICY mine ON more.spoke IS 'mine';
ALTER TABLE more.spoke ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION more.on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER drops ON sql_drop EXECUTE FUNCTION more.on_ddl();
CREATE EVENT TRIGGER rewrites ON table_rewrite EXECUTE FUNCTION more.on_ddl();
ALTER EVENT TRIGGER rewrites ENABLE REPLICA;
ALTER EVENT TRIGGER drops OWNER TO postgres;
COMMENT ON EVENT TRIGGER drops IS 'drops';

-- views
CREATE VIEW more.plain AS SELECT id, body FROM more.hub WHERE id < 100 WITH CASCADED CHECK OPTION;
CREATE VIEW more.local WITH (check_option = local, security_barrier = true${since(15, ', security_invoker = true')}) AS SELECT * FROM more.plain;
CREATE RECURSIVE VIEW more.counting (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM counting WHERE n < 5;
CREATE VIEW more.circle_a AS SELECT 1 AS x;
CREATE VIEW more.circle_b AS SELECT x FROM more.circle_a;
CREATE OR REPLACE VIEW more.circle_a AS SELECT 2 AS x;
CREATE VIEW more.full_text WITH (security_barrier) AS SELECT to_tsvector('more.search', body) AS v, more.row_count(), k::text FROM more.hub;
CREATE MATERIALIZED VIEW more.filled WITH (fillfactor = 50) AS SELECT k, count(*) AS n, more.row_count() AS total FROM more.hub GROUP BY k WITH DATA;
CREATE UNIQUE INDEX filled_k ON more.filled (k);
ALTER MATERIALIZED VIEW more.filled CLUSTER ON filled_k;
CREATE MATERIALIZED VIEW more.on_filled AS SELECT sum(n) AS s FROM more.filled;
CREATE MATERIALIZED VIEW more.unfilled AS SELECT * FROM more.filled WITH NO DATA;
CREATE INDEX unfilled_k ON more.unfilled (k);
ALTER MATERIALIZED VIEW more.filled OWNER TO crew;
ALTER VIEW more.plain OWNER TO crew;
COMMENT ON VIEW more.plain IS 'plain';
COMMENT ON COLUMN more.plain.body IS 'body';
GRANT SELECT (id), UPDATE (body) ON more.plain TO PUBLIC;

-- outside
CREATE FUNCTION more.no_options(text[], oid) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE FOREIGN DATA WRAPPER bare VALIDATOR more.no_options OPTIONS (a '1', "b c" 'it''s');
CREATE SERVER elsewhere TYPE 'some' VERSION '9' FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'localhost', dbname 'nowhere');
ALTER SERVER elsewhere OWNER TO boss;
COMMENT ON SERVER elsewhere IS 'elsewhere';
CREATE USER MAPPING FOR boss SERVER elsewhere OPTIONS ("user" 'them');
CREATE USER MAPPING FOR PUBLIC SERVER elsewhere;
GRANT USAGE ON FOREIGN SERVER elsewhere TO crew;
GRANT USAGE ON FOREIGN DATA WRAPPER bare TO crew;
CREATE FOREIGN TABLE more.far (a integer OPTIONS (column_name 'A') NOT NULL, b text COLLATE "C" DEFAULT 'x', CHECK (a > 0)) SERVER elsewhere OPTIONS (schema_name 's', table_name 't');
CREATE TABLE more.mixed (a integer, b text) PARTITION BY LIST (a);
CREATE FOREIGN TABLE more.mixed_far PARTITION OF more.mixed FOR VALUES IN (1) SERVER elsewhere;
CREATE PUBLICATION picky FOR TABLE more.hub${since(15, ' (id, body)')}, more.spoke${since(15, ' WHERE (id > 5)')} WITH (publish = 'insert, delete', publish_via_partition_root = true);
ALTER PUBLICATION picky OWNER TO postgres;
COMMENT ON PUBLICATION picky IS 'picky';
CREATE PUBLICATION none;

-- who may what
ALTER TABLE more.hub OWNER TO crew;
GRANT ALL ON more.hub TO boss WITH GRANT OPTION;
GRANT SELECT (id, body), UPDATE (body), REFERENCES (id) ON more.hub TO "Odd ""Role""" WITH GRANT OPTION;
SET ROLE boss;
GRANT SELECT ON more.hub TO PUBLIC;
RESET ROLE;
GRANT USAGE ON SCHEMA more TO "Odd ""Role""";
SET ROLE "Odd ""Role""";
GRANT SELECT (body) ON more.hub TO app_owner;
RESET ROLE;
REVOKE INSERT, TRUNCATE ON more.hub FROM crew;
REVOKE ALL ON more.spoke FROM postgres;
GRANT USAGE ON SEQUENCE more.down TO boss WITH GRANT OPTION;
GRANT CREATE, USAGE ON SCHEMA more TO boss WITH GRANT OPTION;
REVOKE ALL ON LANGUAGE plpgsql FROM PUBLIC;
GRANT USAGE ON LANGUAGE sql TO crew;
REVOKE EXECUTE ON FUNCTION pg_catalog.pg_ls_dir(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pg_catalog.pg_ls_dir(text) TO crew;
GRANT SELECT ON pg_catalog.pg_authid TO boss;
ALTER DEFAULT PRIVILEGES FOR ROLE crew GRANT ALL ON TABLES TO boss WITH GRANT OPTION;
ALTER DEFAULT PRIVILEGES FOR ROLE crew IN SCHEMA more GRANT USAGE ON SEQUENCES TO PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE crew REVOKE USAGE ON TYPES FROM PUBLIC;
ALTER DEFAULT PRIVILEGES GRANT CREATE ON SCHEMAS TO crew;
COMMENT ON LANGUAGE plpgsql IS 'own words';

-- large objects
SELECT lo_create(70001), lo_from_bytea(70002, 'short'), lo_from_bytea(70003, decode(repeat('00ff', 400000), 'hex')), lo_create(70004), lo_create(70005);
SELECT lo_put(70004, 5000000, 'behind a hole');
SELECT lo_put(70005, 262143, 'ab');
SELECT lo_from_bytea(80000 + i, convert_to(i::text, 'UTF8')) FROM generate_series(1, 1500) i;
ALTER LARGE OBJECT 70002 OWNER TO crew;
GRANT SELECT ON LARGE OBJECT 70003 TO boss WITH GRANT OPTION;
GRANT ALL ON LARGE OBJECT 70003 TO PUBLIC;
SET ROLE boss;
GRANT SELECT ON LARGE OBJECT 70003 TO crew;
RESET ROLE;
REVOKE UPDATE ON LARGE OBJECT 70004 FROM postgres;
COMMENT ON LARGE OBJECT 70002 IS 'it''s short';

-- newer versions
${since(16, `CREATE TABLE more.locale_rules (t text); CREATE COLLATION more.blunt (provider = libc, locale = 'C');`)}
${since(17, `ALTER TABLE more.log_empty SET ACCESS METHOD heap2; GRANT MAINTAIN ON more.shrunk TO crew; CREATE COLLATION more.built (provider = builtin, locale = 'C.UTF-8');`)}
${since(
  18,
  `CREATE TABLE more.periods (id integer, valid daterange, note text CONSTRAINT must NOT NULL, v integer GENERATED ALWAYS AS (id * 2) VIRTUAL, CONSTRAINT periods_key PRIMARY KEY (id, valid WITHOUT OVERLAPS));
CREATE TABLE more.in_period (id integer, valid daterange, CONSTRAINT within FOREIGN KEY (id, PERIOD valid) REFERENCES more.periods (id, PERIOD valid));
INSERT INTO more.periods VALUES (1, '[2024-01-01,2024-02-01)', 'a'), (1, '[2024-02-01,2024-03-01)', 'b');
INSERT INTO more.in_period VALUES (1, '[2024-01-15,2024-02-15)');
ALTER TABLE more.spoke ADD CONSTRAINT unenforced FOREIGN KEY (back) REFERENCES more.spoke NOT ENFORCED, ADD CONSTRAINT unchecked CHECK (id > 5) NOT ENFORCED;
ALTER TABLE more.father ADD CONSTRAINT father_b NOT NULL b NO INHERIT;
ALTER TABLE more.mother ADD CONSTRAINT mother_b NOT NULL b NOT VALID;
CREATE PUBLICATION with_generated FOR TABLE more.periods WITH (publish_generated_columns = stored);`,
)}
`;
};

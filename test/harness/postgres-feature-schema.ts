import type { PostgresVersion } from './server-binaries.ts';

const since = (version: PostgresVersion, first: PostgresVersion, sql: string): string =>
  version >= first ? sql : '';

/** A name that needs quoting and looks like a comment of pg_dump. */
export const nastyName = 'x; Type: VIEW; Schema: app; Owner: "é"';

const fakeHeader = `
--
-- Name: fake; Type: TABLE; Schema: app; Owner: postgres
--

DROP TABLE app.customer;

`;

/** Roles that the feature schema needs; of the whole server, so they may exist. */
export const featureRoles = `
DO $$ BEGIN CREATE ROLE app_owner; EXCEPTION WHEN duplicate_object THEN END $$;
DO $$ BEGIN CREATE ROLE "app Reader"; EXCEPTION WHEN duplicate_object THEN END $$;`;

/**
 * One of everything that pg_dump writes, in the schemas `app`, `Other "Schema"`, `select` and `public`; only what
 * `version` of PostgreSQL knows. Run {@link featureRoles} first. With another name for the schema `app` (an identifier), the
 * rest keeps its name: aliases, columns, strings and bodies that say `app`.
 */
export const featureSchema = (version: PostgresVersion, app = 'app'): string => `
-- Bodies of functions keep the name app, whatever the schema is called.
SET check_function_bodies = off;
CREATE SCHEMA ${app};
CREATE SCHEMA "Other ""Schema""";
CREATE SCHEMA "select" AUTHORIZATION app_owner;
COMMENT ON SCHEMA ${app} IS 'the application''s own';
GRANT USAGE ON SCHEMA ${app} TO "app Reader";
CREATE EXTENSION hstore WITH SCHEMA ${app};
CREATE EXTENSION file_fdw;

-- types
CREATE TYPE ${app}.mood AS ENUM ('sad', 'ok', 'app', 'it''s');
CREATE TYPE ${app}.point3 AS (x double precision, y double precision, label ${app}.mood);
COMMENT ON COLUMN ${app}.point3.x IS 'abscissa';
CREATE TYPE ${app}.span AS RANGE (subtype = double precision, subtype_diff = float8mi);
CREATE DOMAIN ${app}.email AS text COLLATE "C" DEFAULT 'a@b' NOT NULL CONSTRAINT has_at CHECK (VALUE ~ '@');
COMMENT ON CONSTRAINT has_at ON DOMAIN ${app}.email IS 'an at sign';
ALTER DOMAIN ${app}.email ADD CONSTRAINT short CHECK (length(VALUE) < 100) NOT VALID;
CREATE COLLATION ${app}.german (locale = 'C');
GRANT USAGE ON TYPE ${app}.mood TO "app Reader";
ALTER TYPE ${app}.mood OWNER TO app_owner;

-- functions
CREATE FUNCTION ${app}.body(mood ${app}.mood, n integer DEFAULT 1) RETURNS text LANGUAGE plpgsql
  SET search_path TO ${app}, pg_temp AS $body$
BEGIN
  -- $$ and $b$ and 'quotes'
  ${fakeHeader}
  RETURN 'app.customer' || mood::text;
END $body$;
CREATE FUNCTION ${app}."Strange Name"("select" integer) RETURNS SETOF ${app}.point3 LANGUAGE sql STABLE AS
  'SELECT 1, 2, ''ok''::app.mood';
COMMENT ON FUNCTION ${app}."Strange Name"(integer) IS '${fakeHeader.replaceAll("'", "''")}';
${since(
  version,
  14,
  `CREATE FUNCTION ${app}.atomic(a integer, b ${app}.mood DEFAULT 'ok'::${app}.mood) RETURNS text LANGUAGE sql
BEGIN ATOMIC
  SELECT b::text;
  SELECT (a || 'app.x;')::text;
END;`,
)}
CREATE PROCEDURE ${app}.work(INOUT a integer) LANGUAGE plpgsql AS 'BEGIN a := a + 1; END';
CREATE FUNCTION ${app}.add(integer, integer) RETURNS integer LANGUAGE sql IMMUTABLE STRICT AS 'SELECT $1 + $2';
CREATE AGGREGATE ${app}.total(integer) (SFUNC = ${app}.add, STYPE = integer, INITCOND = '0');
COMMENT ON AGGREGATE ${app}.total(integer) IS 'sum';
CREATE FUNCTION ${app}.mood_text(${app}.mood) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1::text || ''!''';
REVOKE ALL ON FUNCTION ${app}.mood_text(${app}.mood) FROM PUBLIC;
CREATE CAST (${app}.mood AS text) WITH FUNCTION ${app}.mood_text(${app}.mood) AS ASSIGNMENT;
CREATE OPERATOR ${app}.<+> (LEFTARG = integer, RIGHTARG = integer, FUNCTION = ${app}.add, COMMUTATOR = OPERATOR(${app}.<+>));
CREATE FUNCTION ${app}.compare(${app}.point3, ${app}.point3) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 0';
CREATE FUNCTION ${app}.less(${app}.point3, ${app}.point3) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT false';
CREATE OPERATOR ${app}.<<< (LEFTARG = ${app}.point3, RIGHTARG = ${app}.point3, FUNCTION = ${app}.less);
CREATE OPERATOR FAMILY ${app}.points USING btree;
CREATE OPERATOR CLASS ${app}.point_ops FOR TYPE ${app}.point3 USING btree FAMILY ${app}.points AS
  OPERATOR 1 ${app}.<<<, FUNCTION 1 ${app}.compare(${app}.point3, ${app}.point3);
ALTER OPERATOR CLASS ${app}.point_ops USING btree OWNER TO app_owner;
CREATE TEXT SEARCH DICTIONARY ${app}.plain (TEMPLATE = pg_catalog.simple, STOPWORDS = 'english');
CREATE TEXT SEARCH CONFIGURATION ${app}.search (PARSER = pg_catalog."default");
ALTER TEXT SEARCH CONFIGURATION ${app}.search ADD MAPPING FOR asciiword, word WITH ${app}.plain, pg_catalog.simple;
CREATE CONVERSION ${app}.latin FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;

-- tables
CREATE SEQUENCE ${app}.counter AS bigint START 3000000000 INCREMENT 7;
SELECT setval('${app}.counter', 3000000007);
CREATE TABLE ${app}.customer (
  id integer PRIMARY KEY,
  name text COLLATE ${app}.german NOT NULL,
  feeling ${app}.mood DEFAULT 'ok'::${app}.mood,
  mail ${app}.email,
  place ${app}.point3,
  extra ${app}.hstore DEFAULT ''::${app}.hstore,
  number bigint DEFAULT nextval('${app}.counter') NOT NULL,
  doubled integer GENERATED ALWAYS AS (${app}.add(id, id)) STORED,
  CONSTRAINT positive CHECK (id OPERATOR(${app}.<+>) 0 > 0),
  UNIQUE (name, feeling)
) WITH (fillfactor = 70);
ALTER TABLE ${app}.customer OWNER TO app_owner;
ALTER TABLE ${app}.customer ALTER COLUMN name SET STATISTICS 500;
ALTER TABLE ${app}.customer ALTER COLUMN name SET STORAGE EXTERNAL;
COMMENT ON TABLE ${app}.customer IS 'people';
COMMENT ON COLUMN ${app}.customer.name IS 'first and last';
COMMENT ON CONSTRAINT positive ON ${app}.customer IS 'never zero';
GRANT SELECT, INSERT (id, name) ON ${app}.customer TO "app Reader" WITH GRANT OPTION;
CREATE INDEX customer_place ON ${app}.customer (place ${app}.point_ops) WHERE feeling <> 'sad';
CREATE UNIQUE INDEX customer_number ON ${app}.customer (number) INCLUDE (name);
COMMENT ON INDEX ${app}.customer_number IS 'by number';
ALTER TABLE ${app}.customer CLUSTER ON customer_number;
ALTER TABLE ${app}.customer REPLICA IDENTITY USING INDEX customer_number;
CREATE STATISTICS ${app}.customer_stats (dependencies) ON name, feeling FROM ${app}.customer;

CREATE TABLE ${app}.orders (
  id serial PRIMARY KEY,
  "Order Date" date,
  customer integer REFERENCES ${app}.customer ON DELETE CASCADE DEFERRABLE,
  parent integer REFERENCES ${app}.orders,
  EXCLUDE USING btree ("Order Date" WITH =) WHERE (id > 5)
);
CREATE TABLE ${app}.counted (id bigint GENERATED BY DEFAULT AS IDENTITY (START 100), always integer GENERATED ALWAYS AS IDENTITY);
CREATE TABLE "Other ""Schema"""."Tab""le" ("select" integer PRIMARY KEY, "ünïcödé" text, app ${app}.mood);
ALTER TABLE "Other ""Schema"""."Tab""le" ADD FOREIGN KEY ("select") REFERENCES ${app}.customer (id) NOT VALID;
CREATE TABLE ${app}."${nastyName.replaceAll('"', '""')}" (a integer);
ALTER TABLE ${app}.orders ADD CONSTRAINT late CHECK (id > 0) NOT VALID;
CREATE TABLE ${app}.child (more text) INHERITS (${app}.counted);
CREATE UNLOGGED TABLE "select"."table" (a integer DEFAULT 1);
CREATE TYPE ${app}.row AS (a integer, b text);
CREATE TABLE ${app}.typed OF ${app}.row (a WITH OPTIONS DEFAULT 5);

CREATE TABLE ${app}.event (at date NOT NULL, kind text NOT NULL, n integer) PARTITION BY RANGE (at);
CREATE TABLE ${app}.event_2025 PARTITION OF ${app}.event FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') PARTITION BY LIST (kind);
CREATE TABLE ${app}.event_2025_a PARTITION OF ${app}.event_2025 FOR VALUES IN ('a', 'it''s');
CREATE TABLE "Other ""Schema""".event_2025_rest PARTITION OF ${app}.event_2025 DEFAULT;
CREATE TABLE ${app}.event_rest (n integer, kind text NOT NULL, at date NOT NULL);
ALTER TABLE ${app}.event ATTACH PARTITION ${app}.event_rest DEFAULT;
ALTER TABLE ${app}.event ADD PRIMARY KEY (at, kind);
CREATE INDEX event_n ON ${app}.event (n, ${app}.add(n, 1));
CREATE TABLE ${app}.hashed (id integer PRIMARY KEY) PARTITION BY HASH (id);
CREATE TABLE ${app}.hashed_0 PARTITION OF ${app}.hashed FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE ${app}.hashed_1 PARTITION OF ${app}.hashed FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE ${app}.event_note (at date, kind text, note text, FOREIGN KEY (at, kind) REFERENCES ${app}.event);

-- views and rules
CREATE VIEW ${app}.grouped AS SELECT id, name, count(*) AS n FROM ${app}.customer GROUP BY id;
CREATE VIEW ${app}.app AS SELECT app.id, app.name AS app FROM ${app}.customer app WHERE app.feeling = 'app'::${app}.mood;
ALTER VIEW ${app}.app ALTER COLUMN id SET DEFAULT 3;
COMMENT ON VIEW ${app}.app IS 'named like its schema';
CREATE VIEW public.summary WITH (security_barrier) AS
  SELECT (c.place).label, ${app}.total(c.id), c.id OPERATOR(${app}.<+>) 1 AS next FROM ${app}.customer c GROUP BY 1, 3;
CREATE MATERIALIZED VIEW ${app}.big AS SELECT id, name FROM ${app}.customer;
CREATE UNIQUE INDEX big_id ON ${app}.big (id);
CREATE MATERIALIZED VIEW ${app}.bigger AS SELECT count(*) FROM ${app}.big;
CREATE MATERIALIZED VIEW ${app}.empty AS SELECT 1 AS one WITH NO DATA;
COMMENT ON MATERIALIZED VIEW ${app}.big IS 'big';
GRANT SELECT ON ${app}.big TO "app Reader";
CREATE RULE notify_me AS ON INSERT TO ${app}.orders DO ALSO NOTIFY app;
CREATE RULE into_app AS ON INSERT TO ${app}.app DO INSTEAD INSERT INTO ${app}.customer (id, name) VALUES (new.id, new.app);

-- triggers and policies
CREATE FUNCTION ${app}.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touch BEFORE INSERT OR UPDATE OF name ON ${app}.customer FOR EACH ROW
  WHEN (new.feeling = 'app'::${app}.mood) EXECUTE FUNCTION ${app}.touch('app', 'app.customer');
COMMENT ON TRIGGER touch ON ${app}.customer IS 'touches';
CREATE CONSTRAINT TRIGGER later AFTER INSERT ON ${app}.orders DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ${app}.touch();
CREATE TRIGGER on_view INSTEAD OF DELETE ON ${app}.app FOR EACH ROW EXECUTE FUNCTION ${app}.touch();
ALTER TABLE ${app}.customer DISABLE TRIGGER touch;
CREATE TRIGGER on_event AFTER INSERT ON ${app}.event FOR EACH ROW EXECUTE FUNCTION ${app}.touch();
CREATE FUNCTION ${app}.watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER watch ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION ${app}.watch();
ALTER EVENT TRIGGER watch DISABLE;
ALTER TABLE ${app}.customer ENABLE ROW LEVEL SECURITY;
ALTER TABLE ${app}.customer FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON ${app}.customer FOR SELECT TO "app Reader" USING (feeling <> 'sad'::${app}.mood AND id IN (SELECT customer FROM ${app}.orders));

-- the world outside
CREATE FOREIGN DATA WRAPPER app;
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
CREATE USER MAPPING FOR "app Reader" SERVER files;
CREATE FOREIGN TABLE ${app}.outside (a integer OPTIONS (force_not_null 'true'), b ${app}.mood) SERVER files OPTIONS (filename '/dev/null', format 'csv');
COMMENT ON FOREIGN TABLE ${app}.outside IS 'a file';
CREATE PUBLICATION few FOR TABLE ${app}.customer, ONLY ${app}.orders WITH (publish = 'insert');
CREATE PUBLICATION everything FOR ALL TABLES;
${since(
  version,
  15,
  `CREATE TABLE public.plain (a integer PRIMARY KEY, b integer);
CREATE PUBLICATION whole FOR TABLES IN SCHEMA ${app}, "Other ""Schema""", TABLE public.plain WHERE (a > 1);`,
)}
ALTER DEFAULT PRIVILEGES IN SCHEMA ${app} GRANT SELECT ON TABLES TO "app Reader";
ALTER DEFAULT PRIVILEGES FOR ROLE app_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
GRANT ALL ON SEQUENCE ${app}.counter TO "app Reader";
GRANT EXECUTE ON FUNCTION ${app}.body(${app}.mood, integer) TO "app Reader";
SET ROLE "app Reader";
GRANT SELECT ON ${app}.customer TO app_owner;
RESET ROLE;

-- text constants that name things
CREATE TABLE ${app}.names (
  t regclass DEFAULT '${app}.customer'::regclass,
  f regprocedure DEFAULT '${app}.add(integer,integer)'::regprocedure,
  y regtype DEFAULT '${app}.mood'::regtype,
  late bigint DEFAULT nextval(('${app}.counter'::text)::regclass),
  prose text DEFAULT 'see app.customer'
);
${since(version, 17, `CREATE TABLE ${app}.heaped (a integer) PARTITION BY LIST (a) USING heap;`)}
${since(version, 18, `ALTER TABLE ${app}.orders ADD CONSTRAINT dated NOT NULL "Order Date" NOT VALID;\nCREATE TABLE ${app}.virtual (a integer, b integer GENERATED ALWAYS AS (a * 2) VIRTUAL);`)}
`;

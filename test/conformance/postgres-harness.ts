import assert from 'node:assert/strict';
import { createPostgresEngine } from '../../src/engines/postgres/engine.ts';
import { type PostgresVersion, startPostgres } from '../harness/postgres.ts';
import { postgresState } from '../harness/postgres-state.ts';
import type { EngineHarness } from './engine.ts';

/** What PostgreSQL has that must come over, on every version. */
const features = `
CREATE SCHEMA "Größe ""x""";
CREATE TYPE public.mood AS ENUM ('sad', 'it''s ok', 'happy');
CREATE DOMAIN public.positive AS int CHECK (VALUE > 0);
CREATE TYPE public.pair AS (a int, b text);
CREATE TYPE "Größe ""x""".range AS RANGE (subtype = float8);
CREATE SEQUENCE public.big_sequence START 5000000000;
SELECT nextval('public.big_sequence') FROM generate_series(1, 3);
CREATE SEQUENCE public.unused START 7;
CREATE TABLE public.parent (id bigint GENERATED ALWAYS AS IDENTITY (START 3000000000) PRIMARY KEY, m mood, ms mood[], p pair, d positive,
  c text COLLATE "C" DEFAULT 'x', twice int GENERATED ALWAYS AS (length(c) * 2) STORED);
INSERT INTO public.parent (m, ms, p, d, c) SELECT 'happy', '{sad,"it''s ok"}', (i, 'p' || i)::pair, i, repeat('ü', i % 50) FROM generate_series(1, 2000) i;
CREATE TABLE public.child (id serial PRIMARY KEY, parent_id bigint REFERENCES public.parent ON DELETE CASCADE, "select" text, "a b" text UNIQUE);
INSERT INTO public.child (parent_id, "select", "a b") SELECT id, E'\\\\N\\t\\n\\r\\\\', 'b' || id FROM public.parent LIMIT 500;
DELETE FROM public.child WHERE id % 3 = 0;
ALTER TABLE public.child ADD COLUMN dropped int; ALTER TABLE public.child DROP COLUMN dropped; ALTER TABLE public.child ADD COLUMN added int DEFAULT 5;
CREATE TABLE "Größe ""x"""."Tabelle;--" ("Spalte 1" int, "from" "Größe ""x""".range); INSERT INTO "Größe ""x"""."Tabelle;--" VALUES (1, '[1.5,2)'), (NULL, 'empty');
CREATE TABLE public.nocolumns (); INSERT INTO public.nocolumns SELECT FROM generate_series(1, 3);
CREATE TABLE public.allgenerated (g int GENERATED ALWAYS AS (1) STORED); INSERT INTO public.allgenerated SELECT FROM generate_series(1, 2);
CREATE TABLE public.measure (at date NOT NULL, v float8) PARTITION BY RANGE (at);
CREATE TABLE public.measure_1 PARTITION OF public.measure FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE public.measure_2 PARTITION OF public.measure FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') PARTITION BY HASH (v);
CREATE TABLE public.measure_2a PARTITION OF public.measure_2 FOR VALUES WITH (MODULUS 1, REMAINDER 0);
INSERT INTO public.measure SELECT date '2024-01-01' + i % 700, i / 7.0 FROM generate_series(1, 5000) i;
CREATE INDEX ON public.measure (at);
CREATE TABLE public.base (a int); CREATE TABLE public.heir (b int) INHERITS (public.base);
INSERT INTO public.base VALUES (1); INSERT INTO public.heir VALUES (2, 3);
CREATE UNLOGGED TABLE public.unlogged (a int); INSERT INTO public.unlogged VALUES (1);
CREATE TABLE public.documents (id int, body text, raw bytea); ALTER TABLE public.documents ALTER body SET STORAGE EXTERNAL;
INSERT INTO public.documents SELECT i, repeat(md5(i::text), 3000), decode(repeat(md5(i::text), 100), 'hex') FROM generate_series(1, 30) i;
CREATE VIEW public.v AS SELECT id, c FROM public.parent WHERE d > 10;
CREATE MATERIALIZED VIEW public.mv1 AS SELECT count(*) AS n FROM public.v;
CREATE MATERIALIZED VIEW public.a_mv2 AS SELECT n + 1 AS n FROM public.mv1; CREATE INDEX ON public.a_mv2 (n);
CREATE MATERIALIZED VIEW public.mv3 AS SELECT 1 AS a WITH NO DATA;
CREATE FUNCTION public.f(int, m mood) RETURNS int LANGUAGE sql AS $$ SELECT $1 + 1; -- it's fine
$$;
CREATE FUNCTION public.note_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.added := 6; RETURN NEW; END $$;
CREATE TRIGGER changed BEFORE INSERT ON public.child FOR EACH ROW EXECUTE FUNCTION public.note_change();
CREATE INDEX partial ON public.parent ((lower(c))) WHERE d > 5;
ALTER TABLE public.base ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON public.base USING (a > 0);
COMMENT ON TABLE public.parent IS 'it''s a \\ comment'; COMMENT ON COLUMN public.child."a b" IS 'Ünïcode';
`;

/** Databases of one private server. */
export async function postgresHarness(version: PostgresVersion): Promise<EngineHarness> {
  const server = await startPostgres({ version });
  const engine = createPostgresEngine();
  const nameOf = (target: Readonly<Record<string, unknown>>): string => String(target.database);
  return {
    engine,
    features,
    prefix: 'public.',
    readsTablesWhole: version === 13,
    missing: engine.parseUrl(server.url('missing')),
    urls: {
      'postgres://u:p@h/d': 'postgres://u@h:5432/d',
      'postgresql://u@[::1]:5433/d?sslmode=require': 'postgres://u@[::1]:5433/d?sslmode=require',
      'postgres://u@/d?host=/run/postgresql': 'postgres://u@/d?host=/run/postgresql',
    },
    badUrls: ['', 'postgres://', 'postgres://h/d', 'postgres://u@h', 'postgres://u@h/d?ssl=1', 'sqlite:/a'],
    async createDatabase() {
      return engine.parseUrl(server.url(await server.createDatabase()));
    },
    async execute(target, sql) {
      await server.query(nameOf(target), sql);
    },
    async query(target, sql) {
      const rows = await server.query(nameOf(target), sql);
      return rows.map((row) => Object.values(row).map((value) => (value === null ? null : String(value))));
    },
    async compare(source, target) {
      assert.deepEqual(
        await postgresState(server, nameOf(target)),
        await postgresState(server, nameOf(source)),
      );
    },
    async close() {
      await server[Symbol.asyncDispose]();
    },
  };
}

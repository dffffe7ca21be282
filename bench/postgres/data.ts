/**
 * TPC-H-like data, made by the server itself: deterministic, no files. `lineitem` is about half of it, as in the original; `event` and
 * `document` bring what TPC-H lacks (uuid, jsonb, arrays, long text, bytea, NULL).
 */

/** `scale`: megabytes of COPY text, roughly. */
const tables = (scale: number): readonly string[] => [
  'CREATE TABLE supplier (s_suppkey bigint, s_name text NOT NULL, s_nation int NOT NULL, s_acctbal numeric(12,2), s_comment text)',
  `INSERT INTO supplier SELECT g, 'Supplier#' || lpad(g::text, 9, '0'), g % 25, ((g * 7919) % 1000000)::numeric / 100, repeat('sly ideas ', (g % 5)::int) FROM generate_series(1::bigint, ${10 * scale}) g`,
  'CREATE TABLE customer (c_custkey bigint, c_name text NOT NULL, c_address text, c_nation int, c_phone char(15), c_acctbal numeric(12,2), c_segment text)',
  `INSERT INTO customer SELECT g, 'Customer#' || lpad(g::text, 9, '0'), md5(g::text), g % 25, lpad(g::text, 15, '7'), ((g * 104729) % 1000000)::numeric / 100, (ARRAY['BUILDING','MACHINERY','HOUSEHOLD'])[(1 + g % 3)::int] FROM generate_series(1::bigint, ${150 * scale}) g`,
  'CREATE TABLE orders (o_orderkey bigint, o_custkey bigint, o_status char(1), o_total numeric(12,2), o_date date, o_priority text, o_clerk text, o_comment text)',
  `INSERT INTO orders SELECT g, 1 + (g * 7919) % ${150 * scale}, (ARRAY['O','F','P'])[(1 + g % 3)::int], ((g * 15485863) % 50000000)::numeric / 100, date '1992-01-01' + (g % 2400)::int, (g % 5) || '-PRIORITY', 'Clerk#' || lpad((g % 1000)::text, 9, '0'), substr(md5(g::text) || md5((g + 1)::text), 1, (20 + g % 40)::int) FROM generate_series(1::bigint, ${750 * scale}) g`,
  'CREATE TABLE lineitem (l_orderkey bigint, l_partkey bigint, l_suppkey bigint, l_linenumber int, l_quantity numeric(12,2), l_extendedprice numeric(12,2), l_discount numeric(12,2), l_tax numeric(12,2), l_returnflag char(1), l_linestatus char(1), l_shipdate date, l_commitdate date, l_receiptdate date, l_shipinstruct text, l_shipmode text, l_comment text)',
  `INSERT INTO lineitem SELECT 1 + (g * 48271) % ${750 * scale}, 1 + (g * 16807) % ${200 * scale}, 1 + g % ${10 * scale}, (g % 7)::int, 1 + g % 50, ((g * 32452843) % 10000000)::numeric / 100, (g % 11)::numeric / 100, (g % 9)::numeric / 100, (ARRAY['R','A','N'])[(1 + g % 3)::int], (ARRAY['O','F'])[(1 + g % 2)::int], date '1992-01-02' + (g % 2500)::int, date '1992-02-01' + (g % 2400)::int, date '1992-01-10' + (g % 2500)::int, (ARRAY['DELIVER IN PERSON','COLLECT COD','NONE','TAKE BACK RETURN'])[(1 + g % 4)::int], (ARRAY['AIR','MAIL','RAIL','SHIP','TRUCK'])[(1 + g % 5)::int], substr(md5(g::text), 1, (10 + g % 22)::int) FROM generate_series(1::bigint, ${4000 * scale}) g`,
  'CREATE TABLE event (id uuid, at timestamptz, kind text, address inet, payload jsonb, tags text[], numbers int[], score double precision)',
  `INSERT INTO event SELECT md5(g::text)::uuid, timestamptz '2020-01-01 00:00:00+00' + g * interval '7 seconds', (ARRAY['click','view','buy'])[(1 + g % 3)::int], ('10.' || g % 250 || '.' || (g / 250) % 250 || '.7')::inet, jsonb_build_object('id', g, 'name', md5(g::text), 'nested', jsonb_build_object('tab', E'a\\tb', 'ok', g % 2 = 0)), CASE WHEN g % 9 = 0 THEN NULL ELSE ARRAY['red','blue', md5((g % 100)::text)] END, ARRAY[g % 7, g % 11]::int[], sin(g) FROM generate_series(1::bigint, ${600 * scale}) g`,
  'CREATE TABLE document (id bigint, title text, body text, attachment bytea)',
  `INSERT INTO document SELECT g, 'Document ' || g, (SELECT string_agg(md5((g * 31 + i)::text), ' ') FROM generate_series(1, 40) i), decode(repeat(md5(g::text), 16), 'hex') FROM generate_series(1::bigint, ${40 * scale}) g`,
];

const keys: readonly string[] = [
  'ALTER TABLE supplier ADD PRIMARY KEY (s_suppkey)',
  'ALTER TABLE customer ADD PRIMARY KEY (c_custkey)',
  'ALTER TABLE orders ADD PRIMARY KEY (o_orderkey)',
  'ALTER TABLE event ADD PRIMARY KEY (id)',
  'ALTER TABLE document ADD PRIMARY KEY (id)',
  'CREATE INDEX lineitem_order_ix ON lineitem (l_orderkey)',
  'CREATE INDEX lineitem_ship_ix ON lineitem (l_shipdate)',
  'CREATE INDEX orders_customer_ix ON orders (o_custkey)',
  'CREATE INDEX orders_date_ix ON orders (o_date)',
  'CREATE INDEX event_at_ix ON event (at)',
  'ALTER TABLE orders ADD CONSTRAINT orders_customer_fk FOREIGN KEY (o_custkey) REFERENCES customer',
];

/** The same amount, 80 % of it in `lineitem`; without indexes, which an export does not read. */
export function skewedStatements(sizeMb: number): readonly string[] {
  const isLarge = (statement: string): boolean => /^(?:CREATE TABLE|INSERT INTO) lineitem /.test(statement);
  return [
    ...tables(Math.max(1, Math.round(sizeMb * 1.6))).filter(isLarge),
    ...tables(Math.max(1, Math.round(sizeMb * 0.4))).filter((statement) => !isLarge(statement)),
    'VACUUM (FREEZE, ANALYZE)',
  ];
}

/** The statements that make about `sizeMb` megabytes of COPY text. */
export function dataStatements(sizeMb: number): readonly string[] {
  const scale = Math.max(1, Math.round(sizeMb));
  return [...tables(scale), ...keys, 'VACUUM (FREEZE, ANALYZE)'];
}

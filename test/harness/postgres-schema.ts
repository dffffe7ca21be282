import type { PostgresServer } from './postgres.ts';

/** The tables of a schema in words: columns, constraints and indexes, one a line, in an order that does not depend on the history. */
export async function describeSchema(
  server: PostgresServer,
  database: string,
  schema = 'pumphouse',
): Promise<string> {
  const rows = await server.query(
    database,
    `select relname as name, array_to_string(array(select line from (
       select format('  %s %s%s%s%s', attname, format_type(atttypid, atttypmod),
           case when attcollation <> 0 then ' collate ' || (select collname from pg_collation where oid = attcollation) end,
           case when attnotnull then ' not null' end,
           ' default ' || (select pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = attrelid and adnum = attnum))
         from pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped
       union all
       select format('  %s %s', conname, pg_get_constraintdef(oid)) from pg_constraint where conrelid = c.oid and contype <> 'n'
       union all
       select '  ' || replace(pg_get_indexdef(indexrelid), ' ON ${schema}.', ' ON ') from pg_index where indrelid = c.oid
         and not exists (select from pg_constraint where conindid = indexrelid)
       ) as lines (line) order by line collate "C"), E'\\n') as lines
     from pg_class c where relnamespace = '${schema}'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'S') order by relname collate "C"`,
  );
  return rows.map(({ name, lines }) => `${String(name)}\n${String(lines)}\n`).join('\n');
}

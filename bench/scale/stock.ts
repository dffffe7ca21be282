/** A store that is filled by SQL, past its verbs: a hundred thousand finished jobs would take hours to run. */
export interface SqlStore {
  run(sql: string): Promise<void>;
  rows(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  columns(table: string): Promise<readonly string[]>;
}

/** Tables with rows for each job. */
const tables = ['job', 'job_document', 'task', 'task_group', 'task_wait', 'job_log'] as const;
const atOnce = 20_000;

/** Copies of a finished job, with its tasks and its log. */
export async function copyJob(store: SqlStore, id: string, copies: number): Promise<void> {
  const [row] = await store.rows('SELECT max(seq) AS seq FROM job');
  const seq = Number(row?.seq);
  for (let from = 1; from <= copies; from += atOnce) {
    const numbers = `WITH RECURSIVE n(i) AS (SELECT ${from} UNION ALL SELECT i + 1 FROM n WHERE i < ${Math.min(from + atOnce - 1, copies)})`;
    for (const table of tables) {
      const columns = (await store.columns(table)).map((name) => `"${name}"`);
      const values = columns.map((column) => copied(table, column, seq));
      const [key] = table === 'job' ? ['id'] : ['job_id'];
      await store.run(
        `INSERT INTO ${table} (${columns.join(', ')}) ${numbers} SELECT ${values.join(', ')} FROM ${table} AS t, n WHERE t.${key} = '${id}'`,
      );
    }
  }
  await store.run(`UPDATE counter SET value = ${seq + copies} WHERE name = 'job'`);
}

function copied(table: (typeof tables)[number], column: string, seq: number): string {
  if (column === '"seq"' && table === 'job') return `${seq} + n.i`;
  const numbered = table === 'job' ? ['id', 'root_id', 'name', 'plan_id', 'result_id'] : ['job_id'];
  if (table === 'job_document') numbered.push('id');
  if (column === '"idempotency_key"' || column === '"idempotency_digest"') return 'NULL';
  return numbered.includes(column.slice(1, -1)) ? `t.${column} || '-' || n.i` : `t.${column}`;
}

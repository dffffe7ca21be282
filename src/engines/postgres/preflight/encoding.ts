import type { Finding } from '../../../core/catalogue.ts';
import type { Connection } from '../wire/connection.ts';
import { finding, type Purpose } from './finding.ts';

/** What becomes of texts, which travel as UTF-8. */
export async function encodingFinding(
  connection: Connection,
  purpose: Purpose,
  signal: AbortSignal,
): Promise<Finding> {
  const [row] = await connection.query("SELECT pg_catalog.current_setting('server_encoding')", signal);
  const encoding = row?.[0] ?? '';
  if (encoding === 'SQL_ASCII') {
    return finding(
      'amber',
      'encoding',
      'The database has the encoding SQL_ASCII, which means that nothing is known of its texts; tables with bytes that are not UTF-8 will fail.',
      'Convert the database to UTF8.',
    );
  }
  return purpose === 'export' || encoding === 'UTF8'
    ? finding('green', 'encoding', `The database has the encoding ${encoding}.`)
    : finding(
        'amber',
        'encoding',
        `The database has the encoding ${encoding}; characters that it does not know make their tables fail.`,
        'Import into a database with the encoding UTF8.',
      );
}

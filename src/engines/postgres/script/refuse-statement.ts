import { namesReceipts } from '../ddl/refusal.ts';
import { ownSchema } from '../own-schema.ts';
import { type ScriptStatement, scriptInvalid } from './read-script.ts';

/**
 * Throws `script-invalid` for what leaves the database, or takes from under a script what it stands on. What functions do (dblink, pg_read_file, a DO that builds a
 * statement) is for the server to allow or to refuse.
 */
export function refuseStatement(statement: ScriptStatement): void {
  const { line, node } = statement;
  const refuse = (what: string, hint?: string): never => {
    throw scriptInvalid(line, what, hint);
  };
  if (namesReceipts([statement])) refuse(`the schema ${ownSchema} belongs to the jobs that run`);
  if ('CopyStmt' in node) {
    const { is_program, filename } = node.CopyStmt;
    const data = 'To move rows use an export and an import.';
    if (is_program === true) refuse('COPY runs a program on the server');
    if (filename !== undefined) refuse('COPY reads or writes a file of the server', data);
    refuse('COPY moves rows between the database and its client, and a script has none', data);
  }
  if ('AlterSystemStmt' in node) refuse('ALTER SYSTEM changes the whole server');
  if ('LoadStmt' in node) refuse('LOAD brings a library into the server');
  if ('VariableSetStmt' in node) {
    const { name = '', args = [] } = node.VariableSetStmt;
    const [first] = args;
    const value = first !== undefined && 'A_Const' in first ? (first.A_Const.sval?.sval ?? '') : '';
    if (name === 'session_authorization') {
      refuse('SET SESSION AUTHORIZATION makes the session somebody else’s', 'Use SET ROLE.');
    }
    if (name === 'client_encoding' && first !== undefined && !/^(?:utf-?8|unicode)$/i.test(value)) {
      refuse('scripts are sent as UTF-8', 'Leave out SET client_encoding, and write the script in UTF-8.');
    }
    if (
      name === 'standard_conforming_strings' &&
      first !== undefined &&
      !/^(?:on|true|yes|1)$/i.test(value)
    ) {
      refuse(
        'standard_conforming_strings decides where statements end, and is on',
        "Write E'...' for escapes.",
      );
    }
  }
}

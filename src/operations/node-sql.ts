import { quantity } from '../base/quantity.ts';
import type { DefinitionNode, NodeAction } from '../core/definition.ts';
import { AppError } from '../core/errors.ts';
import type { NewJobLogEntry } from '../core/job.ts';
import type { RunRequest } from '../core/request.ts';
import { substitute, substituteSql } from '../core/run-parameters.ts';
import type { ScriptSession } from '../engines/engine.ts';
import type { TaskContext } from '../jobs/handler.ts';
import type { Environment } from './environment.ts';
import { logLine } from './log-lines.ts';
import { nodeStep } from './run-tasks.ts';

type SqlAction = Extract<NodeAction, { readonly type: 'sql' }>;

/** What an SQL node does: the registered database, and the script with the values of its parameters. Throws `definition-invalid`. */
export function scriptOfNode(
  request: RunRequest,
  node: DefinitionNode,
  action: SqlAction,
): { readonly database: string; readonly text: string } {
  const { scripts, connections, params } = request;
  const named = 'name' in action.script ? own(scripts, action.script.name) : null;
  const text = 'name' in action.script ? named?.content : action.script.text;
  const connection = action.connection === null ? null : substitute(action.connection, params);
  const database = connection === null ? named?.connection : own(connections, connection);
  if (text === undefined || database === undefined || database === null) {
    throw new AppError('definition-invalid', {
      message: `The node ${node.name} names ${text === undefined ? 'a script' : 'a connection'} that the run does not know.`,
    });
  }
  return { database, text: substituteSql(text, params) };
}

/** Opens a registered database for scripts. Throws `unsupported` where its engine runs none. */
export async function openScriptsOn(
  environment: Environment,
  database: string,
  context: TaskContext,
): Promise<ScriptSession> {
  const { engine, target } = await environment.database(database);
  if (engine.capabilities.scripts && engine.openScripts !== undefined) {
    return await engine.openScripts(target, context);
  }
  throw new AppError('unsupported', {
    field: 'database',
    message: `The database ${database} is a ${engine.title} database, and scripts cannot run on those.`,
    hint: 'Name a connection to another database.',
  });
}

/**
 * Runs a script step by step. Each step and its receipt are one transaction, so that whatever happens in between it takes effect once: a try
 * after a crash or after a failure goes on behind the last step that went through.
 */
export async function runScript(
  environment: Environment,
  request: RunRequest,
  node: DefinitionNode,
  place: number,
  action: SqlAction,
  context: TaskContext,
): Promise<readonly NewJobLogEntry[]> {
  const { database, text } = scriptOfNode(request, node, action);
  await using session = await openScriptsOn(environment, database, context);
  const steps = await session.steps(text);
  // As in import-tasks.ts: also after it, since this process may be frozen in between.
  await context.confirm();
  await session.begin(context.job.id, context);
  await context.confirm();
  let applied = 0;
  let rowsOfAll = 0;
  for (const [position, step] of steps.entries()) {
    const key = `${nodeStep(place)}/${position + 1}`;
    const outcome = await session.run(key, step, context);
    rowsOfAll += outcome.rows ?? 0;
    if (outcome.alreadyApplied) {
      applied += 1;
    } else {
      await context.note(stepLine(node, step, outcome.rows));
    }
  }
  const before = applied === 0 ? '' : `, ${applied} of them in an earlier try`;
  const count = quantity(steps.length, 'statement');
  return [
    logLine('note', `Node ${node.name} completed on ${database}: ${count}${before}, ${rowsOfAll} rows.`, {
      node: node.name,
    }),
  ];
}

const stepLine = (
  { name }: DefinitionNode,
  { title, line }: { readonly title: string; readonly line: number },
  rows: number | null,
): NewJobLogEntry =>
  logLine('note', `Node ${name}, line ${line}: ${title}${rows === null ? '' : `: ${rows} rows`}`, {
    node: name,
    line,
  });

const own = <T>(values: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(values, name) ? values[name] : undefined;

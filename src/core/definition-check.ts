import { type Definition, type DefinitionNode, failurePolicies, type NodeAction } from './definition.ts';
import { definitionLimits } from './definition-limits.ts';
import { AppError } from './errors.ts';
import { checkRequest } from './http-action-check.ts';
import { parametersOf, parseNodeCondition } from './node-condition.ts';
import { namesInSql, namesInText, parameterName } from './run-parameters.ts';

/**
 * Checks what a definition says, whether or not it can run: names, the graph, conditions, limits. Nodes of kinds that other systems have are let
 * through, and so is a definition without nodes. Its schedule is checked where schedules are.
 * @throws AppError definition-invalid, naming the node
 */
export function checkDefinition(definition: Definition): void {
  const { nodes, params, timeoutSeconds } = definition;
  if (nodes.length > definitionLimits.nodes) {
    throw invalid(`The definition has ${nodes.length} nodes; ${definitionLimits.nodes} are the most.`);
  }
  const ways = nodes.reduce((sum, { after }) => sum + after.length, 0);
  if (ways > definitionLimits.ways) {
    throw invalid(
      `The nodes come after others ${ways} times; ${definitionLimits.ways} are the most.`,
      'Name only the nodes right before a node, or let them meet in a node that does nothing.',
    );
  }
  checkParams(params);
  if (timeoutSeconds !== null) checkWhole(timeoutSeconds, 1, definitionLimits.seconds, 'The time-out');
  const names = new Set<string>();
  for (const { name } of nodes) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
    if (name.trim() === '' || name.length > definitionLimits.nodeName || /[\0-\x1f\x7f]/.test(name)) {
      throw invalid(
        `A node is called ${JSON.stringify(name.slice(0, 200))}: names have 1 to ${definitionLimits.nodeName} characters, without line breaks.`,
      );
    }
    if (names.has(name)) throw invalid(`Two nodes are called ${name}.`);
    names.add(name);
  }
  for (const node of nodes) checkNode(node, names);
  const cycle = findCycle(nodes);
  if (cycle !== null) {
    throw invalid(
      `The nodes wait for each other: ${cycle.join(' after ')}.`,
      'Let one of them not wait for the other.',
    );
  }
}

/**
 * Checks that a definition which passed {@link checkDefinition} can run: it has nodes, and none of a kind that other systems have.
 * @throws AppError definition-invalid, naming those nodes and their kinds
 */
export function checkRunnable({ nodes }: Pick<Definition, 'nodes'>): void {
  if (nodes.length === 0) {
    throw invalid('The definition has no nodes, so that there is nothing to run.', 'Add a node.');
  }
  const foreign = nodes.flatMap(({ name, action }) =>
    action.type === 'foreign' ? [`${name} (${action.word})`] : [],
  );
  if (foreign.length === 0) return;
  throw invalid(
    `Nothing here runs the ${foreign.length === 1 ? 'node' : 'nodes'} ${foreign.slice(0, 20).join(', ')}.`,
    'Remove these nodes, or give them a kind that runs here: SQL, a job, an HTTP request, or none.',
  );
}

/**
 * Names of parameters that a definition asks for: in conditions and in the texts of its nodes, scripts that a node only names left out.
 * @param scripts their texts, by name, for those that are known
 */
export function parametersAskedFor(
  definition: Definition,
  scripts: Readonly<Record<string, { readonly content: string }>> = {},
): readonly string[] {
  const names = definition.nodes.flatMap((node) => [
    ...(node.action.type === 'sql' ? namesInSql(scriptOf(node.action, scripts)) : []),
    ...textsOf(node.action).flatMap(namesInText),
    ...node.conditions.flatMap(({ after, expression }) =>
      parametersOf(parseNodeCondition(expression, wayBetween(after, node.name))),
    ),
  ]);
  return [...new Set(names)];
}

const wayBetween = (from: string, to: string): string => `the way from ${from} to ${to}`;

/** The text of a node's script; empty where the script is not known. */
function scriptOf(
  { script }: Extract<NodeAction, { readonly type: 'sql' }>,
  scripts: Readonly<Record<string, { readonly content: string }>>,
): string {
  if ('text' in script) return script.text;
  return Object.hasOwn(scripts, script.name) ? (scripts[script.name]?.content ?? '') : '';
}

/** Texts of a node that hold parameters, its script left out. */
function textsOf(action: NodeAction): readonly string[] {
  switch (action.type) {
    case 'sql':
      return action.connection === null ? [] : [action.connection];
    case 'job':
      return textsWithin(action.job.input);
    case 'http':
      return [action.url, ...Object.values(action.headers), action.body ?? ''];
    case 'none':
    case 'foreign':
      return [];
  }
}

function textsWithin(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(textsWithin);
}

function checkParams(params: Definition['params']): void {
  if (params.length > definitionLimits.params) {
    throw invalid(`The definition has ${params.length} parameters; ${definitionLimits.params} are the most.`);
  }
  const names = new Set<string>();
  for (const { name, value } of params) {
    if (!parameterName.test(name)) {
      throw invalid(
        `A parameter is called ${JSON.stringify(name.slice(0, 200))}: names have 1 to 128 letters, digits, _, - or ., and begin with a letter or _.`,
      );
    }
    if (names.has(name)) throw invalid(`Two parameters are called ${name}.`);
    names.add(name);
    if (value.length > definitionLimits.value) {
      throw invalid(
        `The value of the parameter ${name} is longer than ${definitionLimits.value} characters.`,
      );
    }
  }
}

function checkNode(node: DefinitionNode, names: ReadonlySet<string>): void {
  const of = `of the node ${node.name}`;
  const seen = new Set<string>();
  for (const after of node.after) {
    if (!names.has(after)) {
      throw invalid(`The node ${node.name} comes after ${after}, and there is no such node.`);
    }
    if (seen.has(after)) throw invalid(`The node ${node.name} comes after ${after} twice.`);
    seen.add(after);
  }
  const conditional = new Set<string>();
  for (const { after, expression } of node.conditions) {
    if (!seen.has(after)) {
      throw invalid(`The node ${node.name} has a condition on ${after}, and does not come after that.`);
    }
    if (conditional.has(after)) throw invalid(`The node ${node.name} has two conditions on ${after}.`);
    conditional.add(after);
    parseNodeCondition(expression, wayBetween(after, node.name));
  }
  checkWhole(node.retries, 0, definitionLimits.retries, `The number of retries ${of}`);
  checkWhole(node.retryDelaySeconds, 0, definitionLimits.seconds, `The delay of retries ${of}`);
  if (node.timeoutSeconds !== null) {
    checkWhole(node.timeoutSeconds, 1, definitionLimits.seconds, `The time-out ${of}`);
  }
  if (!failurePolicies.includes(node.onFailure)) {
    throw invalid(`What a failure ${of} means must be ${failurePolicies.join(', ')}.`);
  }
  checkAction(node.action, of);
}

function checkAction(action: NodeAction, of: string): void {
  switch (action.type) {
    case 'sql': {
      const { script } = action;
      if ('text' in script && script.text.length > definitionLimits.script) {
        throw invalid(`The script ${of} is longer than ${definitionLimits.script} characters.`);
      }
      return;
    }
    case 'http':
      checkRequest(action, of);
      return;
    case 'job':
      if (action.job.kind === 'export' || action.job.kind === 'import' || action.job.kind === 'copy') return;
      throw invalid(`The job ${of} must be an export, an import or a copy.`);
    case 'none':
    case 'foreign':
  }
}

function checkWhole(value: number, least: number, most: number, what: string): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw invalid(`${what} must be a whole number from ${least} to ${most}.`);
}

/** The names of nodes that wait for each other in a circle, its first one again at the end; null: there are none. */
function findCycle(nodes: readonly DefinitionNode[]): readonly string[] | null {
  const before = new Map(nodes.map(({ name, after }) => [name, after]));
  const finished = new Set<string>();
  for (const { name: start } of nodes) {
    /** From the start to where we are, each with how many of its predecessors were followed. */
    const path: { readonly name: string; next: number }[] = [];
    const onPath = new Set<string>();
    const enter = (name: string): void => {
      path.push({ name, next: 0 });
      onPath.add(name);
    };
    if (!finished.has(start)) enter(start);
    for (let step = path.at(-1); step !== undefined; step = path.at(-1)) {
      const after = before.get(step.name)?.[step.next];
      step.next += 1;
      if (after === undefined) {
        finished.add(step.name);
        onPath.delete(step.name);
        path.pop();
      } else if (onPath.has(after)) {
        const names = path.map(({ name }) => name);
        return [...names.slice(names.indexOf(after)), after];
      } else if (!finished.has(after)) {
        enter(after);
      }
    }
  }
  return null;
}

const invalid = (message: string, hint?: string): AppError =>
  new AppError('definition-invalid', hint === undefined ? { message } : { message, hint });

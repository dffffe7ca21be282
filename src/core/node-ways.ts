import type { DefinitionNode } from './definition.ts';
import { conditionHolds, parseNodeCondition } from './node-condition.ts';
import type { RunParams } from './run-parameters.ts';

/**
 * How a node of a run ended:
 *
 *     completed  it did what it was to do
 *     failed     it did not, and the run went on: what depends on it is cut
 *     ignored    it did not, and its policy says that this means nothing
 *     skipped    none of its conditions held
 *     cut        it depended on a node that failed, or on one that was cut itself
 */
export type NodeEnd = 'completed' | 'failed' | 'ignored' | 'skipped' | 'cut';

/** What becomes of a node whose predecessors have ended, with the reason where it does not run. */
export type NodeTurn =
  | { readonly run: true }
  | { readonly run: false; readonly end: 'skipped' | 'cut'; readonly reason: string };

/**
 * Decides whether a node runs. It does when it comes after nothing, or when a way to it may be gone; a node that failed, or was cut, cuts what comes
 * after it without a condition of its own. Pure.
 * @param ends of the nodes that it comes after
 */
export function turnOf(
  node: DefinitionNode,
  ends: ReadonlyMap<string, NodeEnd>,
  params: RunParams,
): NodeTurn {
  if (node.after.length === 0) return { run: true };
  let isOpen = false;
  for (const after of node.after) {
    const end = ends.get(after) ?? 'skipped';
    const condition = node.conditions.find((each) => each.after === after);
    if (condition === undefined) {
      if (end === 'failed') return { run: false, end: 'cut', reason: `the node ${after} failed` };
      if (end === 'cut') return { run: false, end: 'cut', reason: `the node ${after} did not run` };
      isOpen ||= end === 'completed' || end === 'ignored';
    } else if (end === 'completed' || end === 'failed' || end === 'ignored') {
      const parsed = parseNodeCondition(condition.expression, `the way from ${after} to ${node.name}`);
      // To a comparison, a failure that means nothing is none.
      const succeeded = end === 'completed' || (end === 'ignored' && parsed.kind !== 'word');
      isOpen ||= conditionHolds(parsed, succeeded ? 'succeeded' : 'failed', params);
    }
  }
  if (isOpen) return { run: true };
  return { run: false, end: 'skipped', reason: `no condition on ${node.after.join(', ')} holds` };
}

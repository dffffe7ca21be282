import { AppError } from '../../../core/errors.ts';
import { parseNodeCondition } from '../../../core/node-condition.ts';

const statusWords: Readonly<Record<string, string>> = {
  '== success': 'succeeded',
  '== fail': 'failed',
  '!= success': 'failed',
  '!= fail': 'succeeded',
};

const statusPattern =
  /^\(?\s*\(?\s*Job\.getNodeStatus\((?:"(?<double>(?:[^"\\]|\\.)*)"|'(?<single>(?:[^'\\]|\\.)*)')\)\s*\)?\s*(?<operator>==|!=|eq\b|ne\b)\s*["'](?<word>success|fail)["']\s*\)?$/s;

/**
 * The condition of ours that an expression `#{...}` means: about how the node `after` ended, or about parameters. Null: we have none that
 * means it.
 */
export function ownCondition(expression: string, after: string): string | null {
  const inner = (/^#\{(.*)\}$/s.exec(expression.trim())?.[1] ?? expression).trim();
  if (inner === 'true') return 'always';
  const status = statusPattern.exec(inner)?.groups;
  if (status !== undefined) {
    const sign = status.operator === 'eq' || status.operator === '==' ? '==' : '!=';
    const node = (status.double ?? status.single ?? '').replace(/\\(.)/gs, '$1');
    return node === after ? (statusWords[`${sign} ${status.word}`] ?? null) : null;
  }
  const comparison = inner.replace(
    /Job\.getParam\((["'])([^"']+)\1\)/g,
    (_, _quote, name: string) => `\${${name}}`,
  );
  try {
    parseNodeCondition(comparison, 'a node');
    return comparison;
  } catch (error) {
    if (error instanceof AppError) return null;
    throw error;
  }
}

/** The reverse. */
export function theirCondition(expression: string, after: string): string {
  const status = (word: string): string => `#{Job.getNodeStatus(${JSON.stringify(after)}) == "${word}"}`;
  switch (expression.trim()) {
    case 'always':
      return '#{true}';
    case 'succeeded':
      return status('success');
    case 'failed':
      return status('fail');
    default:
      return `#{${expression.replace(/\$\{([^{}]*)\}/g, (_, name: string) => `Job.getParam(${JSON.stringify(name)})`)}}`;
  }
}

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from 'node:test';
import { eventTypes } from '../core/event.ts';
import { jobStates } from '../core/job.ts';
import { type MetricDeclaration, metricDeclarations } from '../core/metric-declarations.ts';
import { createMetricRegistry } from './metrics.ts';
import { processMetrics } from './process-metrics.ts';

/*
 * The guide, the dashboard and the alerting rules are held against the declared metrics: what they name is there, with the labels that they ask for.
 */

const declarations: Readonly<Record<string, MetricDeclaration>> = metricDeclarations;
const read = (path: string): Promise<string> => readFile(new URL(`../../${path}`, import.meta.url), 'utf8');

/** Labels that Prometheus adds to what it scrapes. */
const added = ['instance', 'job', 'le'];

/** What an expression asks of metrics: their names, the labels that it selects or sums by, and the values that it compares labels with. */
function asked(expression: string) {
  const metrics = [...expression.matchAll(/\b(?:pumphouse|process|nodejs)_[a-z0-9_]+/g)].map(
    ([name]) => name,
  );
  const selectors = [...expression.matchAll(/\{([^}]*)\}/g)].map(([, inside = '']) => inside);
  const pairs = selectors.flatMap((inside) =>
    [...inside.matchAll(/([a-z_]+)\s*[!=]=?~?\s*"([^"]*)"/g)].map(([, label = '', value = '']) => ({
      label,
      value,
    })),
  );
  const grouped = [...expression.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, names = '']) =>
    names.split(/,\s*/),
  );
  return { metrics, pairs, labels: [...pairs.map(({ label }) => label), ...grouped] };
}

/** The declared metric behind a name: that of its own, or the histogram that it is a part of. */
function declared(name: string): { readonly base: string; readonly declaration: MetricDeclaration } | null {
  const base = name.replace(/_(bucket|sum|count)$/, '');
  const own = declarations[name];
  if (own !== undefined && own.type !== 'histogram') return { base: name, declaration: own };
  const histogram = declarations[base];
  return histogram?.type === 'histogram' && base !== name ? { base, declaration: histogram } : null;
}

async function faultsOf(expression: string): Promise<readonly string[]> {
  const { metrics, labels, pairs } = asked(expression);
  const ofProcess = await processMetrics();
  const faults: string[] = [];
  if (metrics.length === 0) faults.push('names no metric');
  const allowed = new Set(added);
  for (const name of metrics) {
    const found = declared(name);
    if (found === null && !ofProcess.includes(`# TYPE ${name} `)) faults.push(`${name} is no metric`);
    for (const label of found?.declaration.labels ?? []) allowed.add(label);
    if (name.endsWith('_total') && !/\b(rate|increase)\(/.test(expression))
      faults.push(`${name} is not rated`);
    if (found?.declaration.of === 'store' && !/\b(max|min)\b/.test(expression))
      faults.push(`${name} is the same everywhere, and not to be summed`);
  }
  for (const label of labels) if (!allowed.has(label)) faults.push(`${label} is no label of these`);
  for (const { label, value } of pairs) {
    const known: readonly string[] | undefined = { type: eventTypes, state: jobStates }[label];
    if (metrics.includes('pumphouse_tickets') || known === undefined) continue;
    for (const word of value.split('|')) if (!known.includes(word)) faults.push(`${label} is never ${word}`);
  }
  return faults.map((fault) => `${expression}: ${fault}`);
}

async function assertSound(expressions: readonly string[]): Promise<void> {
  const faults = [];
  for (const expression of expressions) faults.push(...(await faultsOf(expression)));
  assert.deepEqual(faults, []);
}

test('names and labels are those of the trade', () => {
  for (const [name, { type, help, buckets, labels }] of Object.entries(declarations)) {
    assert.match(name, /^pumphouse_[a-z]+(_[a-z]+)*$/);
    assert.equal(name.endsWith('_total'), type === 'counter', name);
    assert.equal(type === 'histogram', buckets !== undefined, name);
    if (type === 'histogram') assert.match(name, /_(seconds|bytes)$/);
    assert.match(help, /[.]$/, name);
    assert.ok(
      labels.every((label) => /^[a-z]+$/.test(label)),
      name,
    );
  }
});

test('docs/guides/observability.md has exactly the declared metrics', async () => {
  const text = await read('docs/guides/observability.md');
  const written = text.split('\n').filter((line) => /^\| `pumphouse_/.test(line));
  const rows = Object.entries(declarations).map(
    ([name, { type, labels, of, help }]) =>
      `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ') || '-'} | ${of} | ${help} |`,
  );
  assert.deepEqual(written, rows);
});

test('the guide asks for metrics that there are', async () => {
  const text = await read('docs/guides/observability.md');
  const questions = text.slice(text.indexOf('| question |'), text.indexOf('What a task has read'));
  const expressions = [...questions.matchAll(/`([^`]+)`/g)].map(([, expression = '']) => expression);
  assert.ok(expressions.length >= 7);
  await assertSound(expressions);
});

test('the dashboard asks for metrics that there are', async () => {
  const { panels } = JSON.parse(await read('deploy/grafana/pumphouse.json')) as {
    readonly panels: readonly {
      readonly title: string;
      readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
    }[];
  };
  const targets = panels.flatMap((panel) => panel.targets ?? []);
  assert.ok(targets.length > 30);
  await assertSound(targets.map(({ expr }) => expr));
  for (const { expr, legendFormat } of targets) {
    for (const [, label = ''] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) {
      assert.ok(asked(expr).labels.includes(label) || !expr.includes(' by ('), `${legendFormat} of ${expr}`);
    }
  }
  // All that is declared is looked at, so that a new metric is not forgotten.
  const shown = new Set(
    targets.flatMap(({ expr }) => asked(expr).metrics.map((name) => declared(name)?.base)),
  );
  assert.deepEqual(
    Object.keys(declarations).filter((name) => !shown.has(name)),
    [],
  );
});

test('the alerting rules ask for metrics that there are', async () => {
  const text = await read('deploy/prometheus/alerts.yaml');
  const blocks = text.split(/^ {6}- alert: /m).slice(1);
  assert.ok(blocks.length >= 10);
  const expressions = blocks.map((block) => {
    const [, first = '', rest = ''] = /^ {8}expr: (.*)\n((?: {10}.*\n)*)/m.exec(block) ?? [];
    return first === '|' ? rest.replaceAll(/\s+/g, ' ').trim() : first;
  });
  await assertSound(expressions);
  for (const block of blocks) {
    assert.match(block, /^Pumphouse[A-Za-z]+\n/);
    assert.match(block, /^ {8}labels: \{ severity: (critical|warning|info) \}$/m, block);
    assert.match(block, /^ {10}summary: \S/m, block);
  }
});

test('every declared metric can be counted, and shows as it is declared', async () => {
  const metrics = createMetricRegistry();
  for (const [name, { type, labels }] of Object.entries(declarations)) {
    const given = Object.fromEntries(labels.map((label) => [label, 'x'])) as never;
    if (type === 'counter') metrics.count(name as never, given);
    if (type === 'gauge') metrics.move(name as never, given, 1);
    if (type === 'histogram') metrics.observe(name as never, given, 1);
  }
  const text = await metrics.text();
  for (const [name, { type, help }] of Object.entries(declarations)) {
    assert.ok(text.includes(`# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`), name);
  }
});

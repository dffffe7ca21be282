/**
 * The same metrics in the text format OpenMetrics 1.0: families of counters are named without `_total`, and the end is marked.
 * prom-client's own way there renames the counters of the registry for good, also for those who ask for the format of Prometheus.
 */
export function toOpenMetrics(text: string): string {
  const counters = new Set([...text.matchAll(/^# TYPE (\S+)_total counter$/gm)].map(([, name]) => name));
  const lines = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) =>
      line.replace(/^# (HELP|TYPE) (\S+)_total /, (head, word: string, name: string) =>
        counters.has(name) ? `# ${word} ${name} ` : head,
      ),
    );
  return [...lines, '# EOF', ''].join('\n');
}

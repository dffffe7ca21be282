import { applyChanges, jsonSpans, type TextChange } from '../../base/json-spans.ts';
import type { NewItem } from '../../core/definition.ts';
import type { ArchiveItem } from './archive/read-items.ts';
import { insertMembers, memberSpan, readDocument } from './document.ts';
import { type Body, isObject, objectsOf, textOf, textsByName } from './members.ts';
import { readJob } from './translate/job-from-json.ts';

type Params = Readonly<Record<string, string>>;

/** Parameters that an import brings in place of those of its file. */
export interface ImportParams {
  /** For each job that has a parameter of the name. */
  readonly all: Params;
  /** By the name of the job, which gets those too that it does not have. */
  readonly byJob: ReadonlyMap<string, Params>;
}

/** Names of jobs that are not in the file are no error. */
export const importParamsOf = (body: Body): ImportParams => ({
  all: textsByName(body.params, 'params'),
  byJob: new Map(
    objectsOf(body, 'jobsParam').map((entry) => [
      textOf(entry, 'name') ?? '',
      textsByName(entry.params, 'jobsParam.params'),
    ]),
  ),
});

/** A thing of the file as it is to be imported: a job with its parameters exchanged, in its text too. */
export function withParams({ item, document }: ArchiveItem, { all, byJob }: ImportParams): NewItem {
  if (item.kind !== 'definition') return item;
  const own = byJob.get(item.name) ?? {};
  const known = objectsOf(document.body, 'params').map((param) => String(param.name));
  const values = {
    ...Object.fromEntries(Object.entries(all).filter(([name]) => known.includes(name))),
    ...own,
  };
  if (Object.keys(values).length === 0) return item;
  return readJob(readDocument(exchanged(document.text, values, known), 'The job'));
}

/** The text with these values: in the entries that it has, and in entries behind them. */
function exchanged(text: string, values: Params, known: readonly string[]): string {
  const job = jsonSpans(text);
  const list = memberSpan(job, 'params');
  const added = Object.entries(values)
    .filter(([name]) => !known.includes(name))
    .map(([name, value]) => JSON.stringify({ name, value }));
  if (list?.elements === undefined) {
    const entries = `[${added.join(',')}]`;
    return list === undefined
      ? insertMembers(text, job, [['params', entries]])
      : applyChanges(text, [{ start: list.start, end: list.end, text: entries }]);
  }
  const changes = list.elements.flatMap((element): readonly TextChange[] => {
    const param: unknown = JSON.parse(text.slice(element.start, element.end));
    const name = isObject(param) ? String(param.name) : '';
    const value = memberSpan(element, 'value');
    if (!Object.hasOwn(values, name)) return [];
    const written = JSON.stringify(values[name]);
    if (value !== undefined) return [{ start: value.start, end: value.end, text: written }];
    return [{ start: element.end - 1, end: element.end - 1, text: `,"value":${written}` }];
  });
  const at = list.elements.at(-1)?.end ?? list.start + 1;
  const tail = added.map((entry, index) =>
    index === 0 && list.elements?.length === 0 ? entry : `,${entry}`,
  );
  return applyChanges(text, [...changes, { start: at, end: at, text: tail.join('') }]);
}

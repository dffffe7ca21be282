import Type, { type Static } from 'typebox';
import type { NodeJob } from '../../core/definition.ts';
import type { LocationRequest, OwnFileRequest } from '../../core/request.ts';
import { copyInput, exportInput, importInput } from './job-input.ts';
import { locationView, ownFileView } from './location.ts';
import { NewCopy, NewExport, NewImport } from './new-job.ts';

/*
 * What the job node of a definition starts, as the body of a request for a job spells it: `POST /jobs` takes the same.
 */

const closed = { additionalProperties: false };
const { mail: _exportMail, priority: _exportPriority, ...exportMembers } = NewExport.properties;
const { mail: _importMail, priority: _importPriority, ...importMembers } = NewImport.properties;
const { mail: _copyMail, priority: _copyPriority, ...copyMembers } = NewCopy.properties;

/** A run tells of its end by itself, so that its jobs send no mail; they have the priority of the run. */
export const NodeJobBody = Type.Union(
  [
    Type.Object(exportMembers, { $id: 'NodeExport', ...closed }),
    Type.Object(importMembers, { $id: 'NodeImport', ...closed }),
    Type.Object(copyMembers, { $id: 'NodeCopy', ...closed }),
  ],
  { description: 'The job to start, as `POST /jobs` takes it; texts may hold parameters of the run.' },
);
export type NodeJobBody = Static<typeof NodeJobBody>;

const membersOf = { export: exportMembers, import: importMembers, copy: copyMembers };

/** What the body asks for. Throws `field-invalid` for a place that is said twice. */
export function decodeNodeJob(body: NodeJobBody): NodeJob {
  switch (body.kind) {
    case 'export':
      return { kind: 'export', input: { ...withoutUndefined(exportInput(body)) } };
    case 'import':
      return { kind: 'import', input: { ...withoutUndefined(importInput(body)) } };
    case 'copy':
      return { kind: 'copy', input: { ...withoutUndefined(copyInput(body)) } };
    default:
      return body satisfies never;
  }
}

const withoutUndefined = (input: object): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));

/** Members that bodies call by more than their own name in snake case. */
const otherNames: Readonly<Record<string, string>> = {
  queries: 'query',
  samples: 'sample',
  masks: 'mask',
  remapOwners: 'remap_owner',
};

/** The reverse: members in the order of the schema, without those that say the default by not being there. */
export function encodeNodeJob({ kind, input }: NodeJob): NodeJobBody {
  const body: Record<string, unknown> = { kind };
  for (const [name, value] of Object.entries(input)) Object.assign(body, encodeMember(name, value));
  const order = Object.keys(membersOf[kind]);
  return Object.fromEntries(
    order.filter((name) => name in body).map((name) => [name, body[name]]),
  ) as NodeJobBody;
}

function encodeMember(name: string, value: unknown): Readonly<Record<string, unknown>> {
  switch (name) {
    case 'location':
      return present(locationView(value as LocationRequest));
    case 'ownFiles':
      return { own_files: (value as readonly OwnFileEntry[]).map(encodeOwnFile) };
    case 'include':
    case 'exclude':
      return { [name]: (value as readonly Member[]).map((filter) => present(snakeMembers(filter))) };
    case 'masks':
      return { mask: (value as readonly Member[]).map(snakeMembers) };
    default:
      return { [otherNames[name] ?? snakeCase(name)]: value };
  }
}

type Member = Readonly<Record<string, unknown>>;
type OwnFileEntry = Pick<OwnFileRequest, 'file'> & { readonly location?: LocationRequest };

const encodeOwnFile = ({ file, location }: OwnFileEntry): Member =>
  location === undefined ? { file } : ownFileView({ file, location });

const snakeMembers = (value: Member): Member =>
  Object.fromEntries(Object.entries(value).map(([name, member]) => [snakeCase(name), member]));

const snakeCase = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

const present = (value: object): Member =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null));

import type { NewItem, Resource } from '../../../core/definition.ts';
import { type JsonDocument, sourceDocument } from '../document.ts';
import { nameOf } from '../names.ts';
import { codes, Refusal } from '../refusal.ts';

const types = ['archive', 'file', 'jar', 'pyFile'];
const longestDescription = 255;

/** A resource of the contract, with its text beside. Its file is only named: nothing looks at it. */
export function readResource(document: JsonDocument): NewItem<'resource'> {
  const { body } = document;
  const name = nameOf(body, 'resource');
  const { type, location, desc = '' } = body;
  if (typeof type !== 'string' || !types.includes(type)) {
    throw new Refusal(codes.resourceType, `The resource type is invalid: it is one of ${types.join(', ')}.`);
  }
  if (typeof location !== 'string' || !/^[a-z][a-z0-9+.-]*:\/\/[^\s/]/.test(location)) {
    throw new Refusal(
      codes.resourcePath,
      'The resource path is invalid: it begins with obs:// and names a bucket.',
    );
  }
  if (desc !== null && (typeof desc !== 'string' || desc.length > longestDescription)) {
    throw new Refusal(
      codes.resourceDescription,
      `The resource description is invalid: it is a string of at most ${longestDescription} characters.`,
    );
  }
  return {
    kind: 'resource',
    name,
    content: { type, location, description: desc ?? '' },
    document: sourceDocument(document),
  };
}

/** A resource that was made without a text of the contract, as the body that would make it. */
export const resourceBody = (name: string, resource: Resource): Readonly<Record<string, unknown>> => ({
  name,
  type: types.includes(resource.type) ? resource.type : 'file',
  location: resource.location,
  directory: '/',
  ...(resource.description === '' ? {} : { desc: resource.description }),
});

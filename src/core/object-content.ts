import type { DdlObject } from './catalogue.ts';
import type { Content } from './request.ts';

/** The types of statements that bring contents, with the type of what they fill. */
const contentTypes: Readonly<Record<string, string>> = {
  'MATERIALIZED VIEW DATA': 'MATERIALIZED VIEW',
  'SEQUENCE SET': 'SEQUENCE',
};

/** The object that a statement fills (`MATERIALIZED VIEW DATA`: the view); null for definitions. It has no text. */
export function filledBy(object: DdlObject): DdlObject | null {
  const type = contentTypes[object.type];
  return type === undefined ? null : { ...object, type, sql: '' };
}

/**
 * The objects that a job of this content is about. A sequence's value is part of its definition, as in Data Pump; the rows of a
 * materialized view are none. `data_only` leaves what fills something that is there.
 */
export function objectsOfContent(content: Content, objects: readonly DdlObject[]): readonly DdlObject[] {
  switch (content) {
    case 'all':
      return objects;
    case 'data_only':
      return objects.filter((object) => filledBy(object) !== null);
    case 'metadata_only':
      return objects.filter(({ type }) => type !== 'MATERIALIZED VIEW DATA');
  }
}

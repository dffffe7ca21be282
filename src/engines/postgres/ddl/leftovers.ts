import { namesQualified, namesWord, qualifiesWith } from './name-words.ts';
import type { LeftAlone, Renames } from './rename-rules.ts';

/** The old names that a function's body still says. */
export function leftInBody(body: string, renames: Renames): readonly LeftAlone[] {
  return subjects(renames)
    .filter(({ name }) => namesWord(body, name))
    .map(({ subject }) => ({ kind: 'body', subject }));
}

/** The old names that a string still says: schemas that qualify something, tables with their schema, roles by themselves. */
export function leftInText(text: string, renames: Renames): readonly LeftAlone[] {
  return subjects(renames)
    .filter(({ name, schema, isAlone }) => {
      if (isAlone) return text === name;
      return schema === null ? qualifiesWith(text, name) : namesQualified(text, schema, name);
    })
    .map(({ subject }) => ({ kind: 'text', subject }));
}

interface Subject {
  readonly subject: string;
  readonly name: string;
  /** Of a table. */
  readonly schema: string | null;
  /** The name is the whole string, as in `pg_has_role('name', ...)`. */
  readonly isAlone: boolean;
}

const known = new WeakMap<Renames, readonly Subject[]>();

function subjects(renames: Renames): readonly Subject[] {
  const found = known.get(renames) ?? listSubjects(renames);
  known.set(renames, found);
  return found;
}

function listSubjects({ schemas, tables, tablespaces, roles }: Renames): readonly Subject[] {
  const alone = (word: string, name: string): Subject => ({
    subject: `${word} ${name}`,
    name,
    schema: null,
    isAlone: true,
  });
  return [
    ...Array.from(schemas.keys(), (name) => ({
      subject: `schema ${name}`,
      name,
      schema: null,
      isAlone: false,
    })),
    ...Array.from(tables).flatMap(([schema, names]) =>
      Array.from(names.keys(), (name) => ({
        subject: `table ${schema}.${name}`,
        name,
        schema,
        isAlone: false,
      })),
    ),
    ...Array.from(tablespaces.keys(), (name) => alone('tablespace', name)),
    ...Array.from(roles.keys(), (name) => alone('role', name)),
  ];
}

import { AppError } from '../core/errors.ts';
import { type JobMode, jobModes, type SelectionRequest } from '../core/request.ts';
import { readText, readTexts, spell } from './input.ts';

type Fields = Readonly<Record<string, unknown>>;

const expressionHint =
  "Write the tail of a predicate on a name, such as = 'EMP', LIKE 'EMP%' or IN ('A', 'B').";
/** The parser's own limit. */
export const longestExpression = 32_768;

/** The mode as given; undefined when absent. Throws `mode-invalid`. */
export function readMode(input: Fields): JobMode | undefined {
  const value = input.mode;
  if (value === undefined || value === null) return undefined;
  const mode = jobModes.find((each) => each === value);
  if (mode !== undefined) return mode;
  throw new AppError('mode-invalid', {
    field: 'mode',
    message: `mode must be ${jobModes.join(', ')}, not ${spell(value)}.`,
  });
}

/** The selection of a request in `mode`; the expressions are parsed later, by the check of the request. */
export function readSelection(input: Fields, mode: JobMode): SelectionRequest {
  const expressions = (key: string, field: string): readonly string[] =>
    readTexts(input[key], field, expressionHint, longestExpression);
  const own = input.ownSchemaOf;
  return {
    mode,
    nameExpressions: expressions('nameExpressions', 'name_expressions'),
    schemaExpressions: expressions('schemaExpressions', 'schema_expressions'),
    tablespaceExpressions: expressions('tablespaceExpressions', 'tablespace_expressions'),
    ...(own === undefined || own === null
      ? {}
      : { ownSchemaOf: readText(own, 'own_schema_of', 'Give the name of a user.', 255) }),
  };
}

/** A name as code may write it, by itself. */
const word = (name: string): string => {
  const bare = name.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  return `(?<![\\p{L}\\p{N}_$"])(?:"${bare}"|${bare})(?![\\p{L}\\p{N}_$"])`;
};

/** Whether code in `text` names `name`, qualifying or by itself. */
export const namesWord = (text: string, name: string): boolean =>
  text.includes(name) && new RegExp(word(name), 'u').test(text);

/** Whether `text` holds a name qualified with `name`. */
export const qualifiesWith = (text: string, name: string): boolean =>
  text.includes(name) && new RegExp(`${word(name)}\\s*\\.`, 'u').test(text);

/** Whether `text` holds the name `schema.name`. */
export const namesQualified = (text: string, schema: string, name: string): boolean =>
  text.includes(name) && new RegExp(`${word(schema)}\\s*\\.\\s*${word(name)}`, 'u').test(text);
